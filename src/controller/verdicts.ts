// Verdicts that no health gives: a person told, something taken back, a change that was never made.
import type { ActionRecord, Outcome } from "../model/action.ts";
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { because } from "../model/reason.ts";
import { stands } from "./attempt.ts";
import type { Senses, State } from "./state.ts";

/** In this time after its start a daemon has looked at every config file. */
const filesSeenMs = 1_000;

/** An action that has ended, and what it is judged by. */
export interface Trial {
  readonly state: State;
  readonly senses: Senses;
  readonly incident: Incident;
  readonly policy: ServicePolicy;
  readonly action: ActionRecord;
  readonly nowMs: number;
}

/** Judged for the record only: people have it in hand, or another ladder is being climbed. */
export function isPast(incident: Incident, action: ActionRecord): boolean {
  return (
    incident.state === "escalated" || action.ladder !== incident.ladder || action.retry === true
  );
}

/** The daemon died before the file was put back: nothing was tried, and the rung is taken again. */
export function unapplied({ incident, action, senses, nowMs }: Trial): readonly DecisionDraft[] {
  // The new daemon looks at the files first: it may have died between the file and the word of it.
  if (nowMs < senses.awakeSinceMs + filesSeenMs) return [];
  const place = { subject: action.target, incident: incident.id };
  const why = because("not-applied", "the daemon ended before the file was put back", 0, 1);
  const outcome: Outcome = { action: action.id, result: "interrupted", why };
  const rung = isPast(incident, action) ? incident.rung : action.rung;
  return [
    { type: "action.judged", ...place, data: outcome },
    ...(incident.state === "escalated"
      ? []
      : [{ type: "rung.next" as const, ...place, data: { rung, why } }]),
  ];
}

/** Whoever could not be reached, or perhaps was not, is told again. */
export function told({ incident, action }: Trial): readonly DecisionDraft[] {
  const place = { subject: incident.service, incident: incident.id };
  if (action.state === "done") {
    const why = because("page", "a person was told", 1, 1);
    const outcome = { action: action.id, result: "verified", why } as const;
    const ending = incident.refusals.at(-1)?.why ?? action.why;
    return [
      { type: "action.judged", ...place, data: outcome },
      { type: "incident.escalated", ...place, data: { why: ending } },
    ];
  }
  const failed = action.state === "failed";
  const text = failed
    ? `nobody could be told: ${action.error}`
    : "whether a person was told is not known";
  const why = because("page", text, 0, 1);
  const result = failed ? "not-helped" : "interrupted";
  return [
    { type: "action.judged", ...place, data: { action: action.id, result, why } },
    { type: "rung.next", ...place, data: { rung: incident.rung, why } },
  ];
}

/** What it did is looked at where it did not say so itself; the ladder goes on in either case. */
export function undone({ state, incident, action }: Trial): readonly DecisionDraft[] {
  const place = { subject: action.target, incident: incident.id };
  const isDone =
    action.state === "done" || (action.state === "interrupted" && stands(state, action));
  const text = isDone
    ? `${action.undoes} was undone`
    : `${action.undoes} could not be undone: ${action.error ?? "the daemon ended meanwhile"}`;
  const why = because("undo", text, isDone ? 1 : 0, 1);
  const result = isDone ? "undone" : "not-helped";
  const first = incident.actions.find((other) => other.id === action.undoes);
  const rung = first?.ladder === incident.ladder ? first.rung + 1 : incident.rung;
  return [
    { type: "action.judged", ...place, data: { action: action.id, result, why } },
    ...(incident.state === "escalated"
      ? []
      : [{ type: "rung.next" as const, ...place, data: { rung, why } }]),
  ];
}
