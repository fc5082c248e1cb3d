// One piece of work of the loop after the other: decided, made durable, and only then handed on.
import type { Clock } from "../kernel/clock.ts";
import { invariant } from "../kernel/errors.ts";
import type { Event, InputDraft } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";
import type { Store } from "../stores/store.ts";
import { createLine, type Line } from "./line.ts";
import type { Command, Mind, Step, Stepped } from "./step.ts";
import { createWriter } from "./writer.ts";

export type Work =
  | { readonly kind: "event"; readonly draft: InputDraft }
  | { readonly kind: "tick"; readonly readings: readonly Reading[] }
  /** What could not be written is written again. */
  | { readonly kind: "again" };

export interface Decider extends Line<Work> {
  readonly mind: Mind;
  /** Why what was decided last is not durable yet: nothing is done before it is. */
  readonly stuck: string | undefined;
}

export interface DeciderOptions {
  readonly store: Store;
  readonly step: Step;
  /** Loop time. */
  readonly clock: Pick<Clock, "now">;
  readonly mind: Mind;
  /** How many ticks there are already. */
  readonly ticks: number;
  readonly onDecided: (events: readonly Event[], mind: Mind) => void;
  readonly onCommand: (command: Command) => void;
  readonly onFull?: ((why: string | undefined) => void) | undefined;
  readonly onBroken: (error: unknown) => void;
}

/** Events that wait while nothing can be written. */
const parkedMax = 10_000;

export function createDecider(options: DeciderOptions): Decider {
  const { store, step, clock, onDecided, onCommand } = options;
  const writer = createWriter(options.onFull);
  let { mind, ticks } = options;
  let stuck: Stepped | undefined;
  const parked: Work[] = [];

  const commit = (stepped: Stepped): void => {
    mind = stepped.mind;
    if (stepped.events.length === 0) return;
    onDecided(stepped.events, mind);
    for (const command of stepped.commands) onCommand(command);
  };
  const decide = (work: Exclude<Work, { kind: "again" }>): void => {
    const atMs = Math.max(Math.round(clock.now()), mind.state.atMs);
    if (work.kind === "tick") {
      const tick = { n: ticks + 1, atMs, afterSeq: mind.state.seq, readings: work.readings };
      // What no journal tells of has not been seen.
      if (!writer.write(() => store.appendTick(tick))) return;
      ticks += 1;
    }
    const stepped = step(mind, { ...work, atMs });
    if (stepped.events.length === 0 || writer.write(() => store.append(stepped.events))) {
      commit(stepped);
    } else stuck = stepped;
  };
  const advance = (work: Work): void => {
    if (work.kind !== "again") {
      if (!stuck) decide(work);
      else if (work.kind === "event") parked.push(work);
      invariant(parked.length <= parkedMax, "too much has happened while the disk was full");
      return;
    }
    const waiting = stuck;
    if (!waiting || !writer.write(() => store.append(waiting.events))) return;
    stuck = undefined;
    commit(waiting);
    for (const event of parked.splice(0)) advance(event);
  };
  return {
    ...createLine(advance, options.onBroken),
    get mind() {
      return mind;
    },
    get stuck() {
      return stuck && writer.why;
    },
  };
}
