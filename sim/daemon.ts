// The daemon of a simulated world: the pure step, a journal that outlives it, and its deaths.
import { fold } from "../src/controller/fold.ts";
import { emptySenses, emptyState } from "../src/controller/state.ts";
import { type Command, type Mind, type Step, wakeAt } from "../src/controller/step.ts";
import { invariant } from "../src/kernel/errors.ts";
import type { Event, InputDraft } from "../src/model/event.ts";
import type { Reading } from "../src/model/reading.ts";
import { parseExact, stringifyExact } from "../src/stores/exact-json.ts";
import type { Tick } from "../src/stores/store.ts";
import type { Dice } from "./dice.ts";
import type { Queue } from "./queue.ts";

/**
 * Where a daemon dies: before the decisions of a step are durable, after that and before it acts
 * on them, or between two commands.
 */
export type Death = "unwritten" | "undone" | "halfway";

/** One life of the daemon; when it is over, nothing that it had planned happens. */
export interface Session {
  readonly alive: boolean;
  /** Runs `work` later, unless the daemon is dead by then; after its stall, if it stalls. */
  after(ms: number, work: () => void): void;
  emit(draft: InputDraft): void;
}

export interface Shell {
  readonly journal: readonly Event[];
  readonly ticks: readonly Tick[];
  readonly mind: Mind;
  readonly session: Session | undefined;
  readonly steps: number;
  /** A new life: state from the journal, no senses. `begin` makes its eyes and hands. */
  start(begin: (session: Session) => Life): void;
  die(): void;
  /** The next step that decides something is the last; or it lives on after all. */
  doom(death: Death | undefined): void;
  /** Nothing runs for so long; what happens meanwhile is noticed after it. */
  stall(ms: number): void;
  /** Lets ticks be left out until then, because nothing is going on. */
  rest(untilMs: number): void;
  /** Ends a rest at once. */
  stir(): void;
  emit(draft: InputDraft): void;
}

/** What a session is made of besides the step. */
export interface Life {
  readonly look: () => readonly Reading[];
  readonly perform: (command: Command) => void;
  readonly boot: () => void;
}

export interface ShellOptions {
  readonly queue: Queue;
  readonly dice: Dice;
  readonly step: Step;
  readonly tickMs: number;
  /** Called after each step whose events are durable. */
  readonly checked: (before: Mind, after: Mind, events: readonly Event[], atMs: number) => void;
}

type Work =
  | { readonly kind: "event"; readonly draft: InputDraft }
  | { readonly kind: "tick"; readonly readings: readonly Reading[] };

interface Held {
  readonly options: ShellOptions;
  readonly journal: Event[];
  readonly ticks: Tick[];
  mind: Mind;
  steps: number;
  session: Session | undefined;
  life: Life | undefined;
  work: Work[];
  draining: boolean;
  death: Death | undefined;
  stalledUntilMs: number;
  restUntilMs: number;
  /** Counts the rests, so that what was to end the last one does not go on. */
  rests: number;
  tickedMs: number;
}

export function createShell(options: ShellOptions): Shell {
  const held: Held = {
    options,
    journal: [],
    ticks: [],
    mind: { state: emptyState, senses: emptySenses },
    steps: 0,
    session: undefined,
    life: undefined,
    work: [],
    draining: false,
    death: undefined,
    stalledUntilMs: 0,
    restUntilMs: 0,
    rests: 0,
    tickedMs: 0,
  };
  return {
    journal: held.journal,
    ticks: held.ticks,
    get mind() {
      return held.mind;
    },
    get session() {
      return held.session;
    },
    get steps() {
      return held.steps;
    },
    start: (begin) => start(held, begin),
    die: () => die(held),
    doom: (death) => {
      held.death = death;
    },
    stall: (ms) => {
      held.stalledUntilMs = options.queue.nowMs + ms;
    },
    rest: (untilMs) => {
      held.restUntilMs = untilMs;
    },
    stir: () => {
      if (held.restUntilMs <= options.queue.nowMs) return;
      held.restUntilMs = 0;
      if (held.session) keepTime(held, held.session);
    },
    emit: (draft) => take(held, { kind: "event", draft }),
  };
}

function start(held: Held, begin: (session: Session) => Life): void {
  const { queue } = held.options;
  const session: Session = {
    get alive() {
      return held.session === session;
    },
    after: (ms, work) => queue.after(ms, () => run(held, session, work)),
    emit: (draft) => {
      if (session.alive) take(held, { kind: "event", draft });
    },
  };
  held.session = session;
  held.mind = { state: remembered(held.journal), senses: emptySenses };
  checkSnapshot(held.journal, held.mind.state);
  held.stalledUntilMs = 0;
  held.restUntilMs = 0;
  held.life = begin(session);
  held.life.boot();
  keepTime(held, session);
}

/** What the file gives back: text, so nothing lives on by being the same object. */
export function remembered(journal: readonly Event[]): Mind["state"] {
  const events = JSON.parse(JSON.stringify(journal)) as Event[];
  return events.reduce(fold, emptyState);
}

/** A snapshot at any event and those after it make the same state as all of them. */
function checkSnapshot(journal: readonly Event[], state: Mind["state"]): void {
  const at = (journal.length * 7_919) % (journal.length + 1);
  const kept = parseExact(stringifyExact(remembered(journal.slice(0, at)))) as Mind["state"];
  const whole = stringifyExact(journal.slice(at).reduce(fold, kept));
  invariant(whole === stringifyExact(state), `a snapshot at event ${at} makes another state`);
}

function run(held: Held, session: Session, work: () => void): void {
  if (!session.alive) return;
  const { queue, dice } = held.options;
  const leftMs = held.stalledUntilMs - queue.nowMs;
  if (leftMs <= 0) work();
  else queue.after(leftMs + dice.between(0, 5), () => run(held, session, work));
}

function keepTime(held: Held, session: Session): void {
  held.rests += 1;
  beat(held, session, held.rests);
  wake(held, session, held.rests);
}

function beat(held: Held, session: Session, rests: number): void {
  const { queue, tickMs } = held.options;
  const restMs = held.restUntilMs - queue.nowMs;
  session.after(Math.max(tickMs, restMs), () => {
    if (held.rests !== rests) return;
    tick(held);
    beat(held, session, rests);
  });
}

/** Waits that end between two ticks are noticed as finely as the real shell does. */
function wake(held: Held, session: Session, rests: number): void {
  if (held.rests !== rests) return;
  const { queue } = held.options;
  const dueMs = wakeAt(held.mind.state, held.tickedMs) ?? Number.POSITIVE_INFINITY;
  if (dueMs <= queue.nowMs) tick(held);
  const restMs = Math.min(held.restUntilMs, dueMs) - queue.nowMs;
  session.after(Math.max(50, restMs), () => wake(held, session, rests));
}

function tick(held: Held): void {
  held.tickedMs = held.options.queue.nowMs;
  take(held, { kind: "tick", readings: held.life?.look() ?? [] });
}

function take(held: Held, work: Work): void {
  held.work.push(work);
  if (held.draining) return;
  held.draining = true;
  try {
    for (let next = held.work.shift(); next; next = held.work.shift()) advance(held, next);
  } finally {
    held.draining = false;
  }
}

function advance(held: Held, work: Work): void {
  const { step, checked, queue } = held.options;
  const before = held.mind;
  const atMs = Math.max(queue.nowMs, before.state.atMs);
  if (work.kind === "tick") {
    const { seq } = before.state;
    held.ticks.push({ n: held.ticks.length + 1, atMs, afterSeq: seq, readings: work.readings });
  }
  const stepped = step(before, { ...work, atMs });
  held.steps += 1;
  const death = stepped.events.length > 0 ? held.death : undefined;
  if (death === "unwritten") {
    die(held);
    return;
  }
  held.journal.push(...stepped.events);
  held.mind = stepped.mind;
  checked(before, stepped.mind, stepped.events, atMs);
  const performed = { undone: 0, halfway: 1, none: stepped.commands.length }[death ?? "none"];
  for (const command of stepped.commands.slice(0, performed)) held.life?.perform(command);
  if (death) die(held);
}

function die(held: Held): void {
  held.session = undefined;
  held.life = undefined;
  held.work = [];
  held.death = undefined;
}
