// One piece of work of the loop after the other: decided, made durable, and only then handed on.
import type { Clock } from "../kernel/clock.ts";
import { invariant } from "../kernel/errors.ts";
import type { Event, InputDraft } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";
import type { Store } from "../stores/store.ts";
import { createLine, type Line } from "./line.ts";
import type { Command, Mind, Step, Stepped } from "./step.ts";
import { createWriter, type Writer } from "./writer.ts";

export type Work =
  | { readonly kind: "event"; readonly draft: InputDraft }
  /** Decided already, and to become durable now. */
  | { readonly kind: "decided"; readonly batch: Batch }
  | { readonly kind: "tick"; readonly readings: readonly Reading[] }
  /** What could not be written is written again. */
  | { readonly kind: "again" };

/** What several events have led to, and from which mind. */
interface Batch {
  readonly before: Mind;
  readonly events: Event[];
  readonly commands: Command[];
  /** A tick tells after which event it came: that one must be written before. */
  readonly ticks: Work[];
}

export interface Decider extends Line<Work> {
  readonly mind: Mind;
  /** Why what was decided last is not durable yet: nothing is done before it is. */
  readonly stuck: string | undefined;
  /**
   * Events that come during `work` are written with one commit when it is over; only then anything
   * is done about them. A kill before that loses all of them.
   */
  together(work: () => void): void;
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

interface Held {
  readonly options: DeciderOptions;
  readonly writer: Writer;
  readonly parked: Work[];
  mind: Mind;
  ticks: number;
  stuck: Stepped | undefined;
  batch: Batch | undefined;
}

export function createDecider(options: DeciderOptions): Decider {
  const held: Held = {
    ...{ options, writer: createWriter(options.onFull), parked: [] },
    ...{ mind: options.mind, ticks: options.ticks, stuck: undefined, batch: undefined },
  };
  const line = createLine<Work>((work) => advance(held, work), options.onBroken);
  return {
    ...line,
    together: (work) => {
      if (held.batch || held.stuck) return work();
      const batch: Batch = { before: held.mind, events: [], commands: [], ticks: [] };
      held.batch = batch;
      try {
        work();
      } finally {
        held.batch = undefined;
        if (held.mind !== batch.before) line.take({ kind: "decided", batch });
        for (const tick of batch.ticks) line.take(tick);
      }
    },
    get mind() {
      return held.mind;
    },
    get stuck() {
      return held.stuck && held.writer.why;
    },
  };
}

function advance(held: Held, work: Work): void {
  const { stuck, parked, writer, options } = held;
  switch (work.kind) {
    case "decided": {
      const { before, events, commands } = work.batch;
      const stepped = { mind: held.mind, events, commands };
      held.mind = before;
      keep(held, stepped);
      return;
    }
    case "again":
      if (!stuck || !writer.write(() => options.store.append(stuck.events))) return;
      held.stuck = undefined;
      commit(held, stuck);
      for (const event of parked.splice(0)) advance(held, event);
      return;
    default:
      if (!stuck) decide(held, work);
      else if (work.kind === "event") parked.push(work);
      invariant(parked.length <= parkedMax, "too much has happened while the disk was full");
  }
}

function decide(held: Held, work: Extract<Work, { kind: "event" | "tick" }>): void {
  const { batch, mind, writer } = held;
  const { clock, store, step } = held.options;
  if (batch && work.kind === "tick") return void batch.ticks.push(work);
  const atMs = Math.max(Math.round(clock.now()), mind.state.atMs);
  if (work.kind === "tick") {
    const tick = { n: held.ticks + 1, atMs, afterSeq: mind.state.seq, readings: work.readings };
    // What no journal tells of has not been seen.
    if (!writer.write(() => store.appendTick(tick))) return;
    held.ticks += 1;
  }
  const stepped = step(mind, { ...work, atMs });
  if (!batch) {
    keep(held, stepped);
    return;
  }
  held.mind = stepped.mind;
  batch.events.push(...stepped.events);
  batch.commands.push(...stepped.commands);
}

function keep(held: Held, stepped: Stepped): void {
  const { store } = held.options;
  const { events } = stepped;
  if (events.length === 0 || held.writer.write(() => store.append(events))) commit(held, stepped);
  else held.stuck = stepped;
}

function commit(held: Held, stepped: Stepped): void {
  const { options } = held;
  held.mind = stepped.mind;
  if (stepped.events.length === 0) return;
  options.onDecided(stepped.events, held.mind);
  for (const command of stepped.commands) options.onCommand(command);
}
