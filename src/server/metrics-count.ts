// What the loop has done since the daemon began, counted from its events.
import type { State } from "../controller/state.ts";
import type { ActionKind, ActionState, Outcome } from "../model/action.ts";
import type { Event } from "../model/event.ts";
import { isInstance } from "../model/target.ts";
import type { Family } from "../protocol/metric-family.ts";
import {
  family,
  type Gathering,
  gather,
  histogram,
  type Labels,
  type Point,
} from "./metrics-parts.ts";

export interface Counts {
  /** `state`: after these events. */
  note(events: readonly Event[], state: State): void;
  families(): readonly Family[];
}

type Result = Outcome["result"] | Extract<ActionState, "failed" | "abandoned">;

const kinds: Readonly<Record<ActionKind, true>> = {
  ...{ start: true, restart: true, rollback: true },
  ...{ degrade: true, restore: true, page: true },
};
const results: Readonly<Record<Result, true>> = {
  ...{ verified: true, "not-helped": true, undone: true },
  ...{ interrupted: true, failed: true, abandoned: true },
};
const ends = ["resolved", "escalated", "closed"] as const;

/** Seconds from the first sign to the end of an incident. */
const healingBounds: readonly number[] = [
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ...[60, 120, 300, 600, 1_800, 3_600],
];

/** Rules of guards have names of ours; should they ever be made up, they are counted as one. */
const rulesMax = 64;

/** `known`: instances that ran before, whose next start is one more. */
export function createCounts(known: Iterable<string>): Counts {
  const books = openBooks(known);
  return {
    note: (events, state) => {
      for (const event of events) noteProcess(books, event);
      for (const event of events) noteLoop(books, event, state);
    },
    families: () => familiesOf(books),
  };
}

interface Books {
  readonly ran: Set<string>;
  readonly restarts: Tally;
  readonly exits: Tally;
  readonly actions: Tally;
  readonly refused: Tally;
  readonly waits: Tally;
  readonly opened: Tally;
  readonly ended: Tally;
  readonly healing: Gathering;
}

/** What has not happened yet is there as 0: the first time must be seen as a change. */
function openBooks(known: Iterable<string>): Books {
  const books: Books = {
    ran: new Set(known),
    restarts: tally(),
    exits: tally(),
    actions: tally(),
    refused: tally(rulesMax),
    waits: tally(rulesMax),
    opened: tally(),
    ended: tally(),
    healing: gather(healingBounds),
  };
  for (const kind of Object.keys(kinds)) {
    for (const result of Object.keys(results)) books.actions.add({ kind, result }, 0);
  }
  for (const rule of ["budget", "strikes", "give-up"]) books.refused.add({ rule }, 0);
  for (const result of ends) books.ended.add({ result }, 0);
  books.opened.add({}, 0);
  return books;
}

function noteProcess({ ran, restarts, exits }: Books, event: Event): void {
  const { type, subject } = event;
  if (type === "instance.started" || type === "instance.adopted") {
    const again = type === "instance.started" && ran.has(subject);
    restarts.add(replica(subject), again ? 1 : 0);
    ran.add(subject);
  }
  if (type === "instance.exited") {
    exits.add({ ...replica(subject), expected: String(event.data.expected) });
  }
}

function noteLoop(books: Books, event: Event, state: State): void {
  const { actions, refused, waits, opened, ended, healing } = books;
  const incident = state.incidents[event.incident ?? ""];
  const count = (action: string, result: Result): void => {
    const kind = incident?.actions.find(({ id }) => id === action)?.kind ?? "other";
    actions.add({ kind, result });
  };
  switch (event.type) {
    case "action.judged":
      count(event.data.action, event.data.result);
      break;
    case "action.failed":
      count(event.data.action, "failed");
      break;
    case "action.abandoned":
      count(event.data.action, "abandoned");
      break;
    case "guard.refused":
      refused.add({ rule: event.data.why.rule });
      break;
    case "guard.waits":
      waits.add({ rule: event.data.why.rule });
      break;
    case "incident.opened":
      opened.add({});
      break;
    case "incident.resolved":
      if (incident) healing.observe((event.atMs - incident.sinceMs) / 1_000);
      ended.add({ result: "resolved" });
      break;
    case "incident.escalated":
      ended.add({ result: "escalated" });
      break;
    case "incident.closed":
      ended.add({ result: "closed" });
      break;
  }
}

function familiesOf(books: Books): readonly Family[] {
  const one = (name: string, help: string, counted: Tally): Family =>
    family("counter", name, help, counted.points());
  const healing = "From the first sign of an incident to its being resolved";
  return [
    one("instance_restarts_total", "Starts after the first", books.restarts),
    one("instance_exits_total", "Ends of processes, wanted or not", books.exits),
    one("actions_total", "Actions of the loop, and what came of them", books.actions),
    one("guard_refused_total", "Actions that a guard has refused, by its rule", books.refused),
    one("guard_waits_total", "Actions that a guard has made wait, by its rule", books.waits),
    one("incidents_opened_total", "Incidents that were opened", books.opened),
    one("incidents_ended_total", "Incidents, by how they ended", books.ended),
    histogram("healing_seconds", healing, healingBounds, [books.healing]),
  ];
}

function replica(target: string): Labels {
  const [service = "", number = ""] = isInstance(target) ? target.split("/") : [target];
  return { service, replica: number };
}

interface Tally {
  add(labels: Labels, by?: number): void;
  points(): readonly Point[];
}

/** Beyond `most` series what comes is counted in one of its own. */
function tally(most: number = Number.POSITIVE_INFINITY): Tally {
  const all = new Map<string, { readonly labels: Labels; value: number }>();
  return {
    add: (labels, by = 1) => {
      const fits = all.has(JSON.stringify(labels)) || all.size < most;
      const counted = fits ? labels : { rule: "other" };
      const key = JSON.stringify(counted);
      const held = all.get(key) ?? { labels: counted, value: 0 };
      held.value += by;
      all.set(key, held);
    },
    points: () => [...all.values()].map(({ labels, value }) => [labels, value] as const),
  };
}
