// The shell of the loop: feeds the pure step, makes its events durable, hands its commands on.
import { type Clock, every } from "../kernel/clock.ts";
import type { Event, InputDraft } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";
import type { Store } from "../stores/store.ts";
import { createDecider } from "./decide.ts";
import { fold } from "./fold.ts";
import { emptySenses, emptyState } from "./state.ts";
import { type Command, type Mind, type Step, wakeAt } from "./step.ts";

export interface Loop {
  /** Loop time: goes on where the journal ended, never backward. */
  readonly clock: Clock;
  readonly mind: Mind;
  /** Why nothing is decided now: the disk is too full for the journal. */
  readonly stuck: string | undefined;
  /** Takes an event in; its consequences are durable when this returns, unless the loop is stuck. */
  emit(draft: InputDraft): void;
  /** Takes the last event in. What comes after it is in nobody's journal and is left out. */
  end(draft: InputDraft): void;
  /**
   * Takes readings in; they are looked at with the next tick. `soon`: the tick is not waited for,
   * because these may decide something; at most one such tick in 10 ms.
   */
  observe(readings: readonly Reading[], soon?: boolean): void;
  /** Ticks until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Called after each step that made events, when they are durable. Returns the way out. */
  subscribe(listener: (events: readonly Event[], mind: Mind) => void): () => void;
}

export interface LoopOptions {
  readonly store: Store;
  readonly step: Step;
  readonly clock: Clock;
  readonly tickMs: number;
  readonly onCommand: (command: Command) => void;
  /** The disk is too full for the journal; undefined: no longer. */
  readonly onFull?: (why: string | undefined) => void;
  /** A step or an append failed: nothing after it can be trusted. */
  readonly onBroken: (error: unknown) => void;
}

/** The wall clock may differ from loop time by so much before the difference is journalled. */
const driftMs = 2_000;

export function createLoop(options: LoopOptions): Loop {
  const { store, step, onCommand, onFull, onBroken } = options;
  const mind: Mind = { state: loadState(store), senses: emptySenses };
  const lastTick = store.lastTick();
  const clock = loopClock(options.clock, mind, lastTick?.atMs ?? 0);
  const listeners = new Set<(events: readonly Event[], mind: Mind) => void>();
  let readings: Reading[] = [];
  let tickedAtMs = 0;
  let running = false;
  let hurried = false;

  const decider = createDecider({
    ...{ store, step, clock, mind, ticks: lastTick?.n ?? 0, onCommand, onFull, onBroken },
    onDecided: (events, after) => {
      for (const listener of listeners) listener(events, after);
    },
  });
  const { take, close } = decider;

  const tick = (): void => {
    const stepped = clockStep(options.clock, clock, decider.mind);
    if (stepped && decider.stuck === undefined) take({ kind: "event", draft: stepped });
    const batch = readings;
    readings = [];
    tickedAtMs = clock.now();
    hurried = false;
    if (decider.stuck !== undefined) take({ kind: "again" });
    take({ kind: "tick", readings: batch });
  };

  return {
    clock,
    get mind() {
      return decider.mind;
    },
    get stuck() {
      return decider.stuck;
    },
    emit: (draft) => take({ kind: "event", draft }),
    end: (draft) => {
      take({ kind: "event", draft });
      close();
    },
    observe: (more, soon = false) => {
      for (const reading of more) readings.push({ ...reading, atMs: Math.round(reading.atMs) });
      if (!soon || !running) return;
      hurried = clock.now() - tickedAtMs < soonMs;
      if (!hurried) tick();
    },
    run: async (signal) => {
      running = true;
      const wake = every(clock, wakePollMs, signal, () => {
        const dueMs = wakeAt(decider.mind.state, tickedAtMs);
        if (hurried || (dueMs !== undefined && dueMs <= clock.now())) tick();
      });
      await Promise.all([wake, every(clock, options.tickMs, signal, tick)]);
      running = false;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The wall clock was set, or the machine slept: what people read as time must follow. */
function clockStep(real: Clock, loop: Clock, { state }: Mind): InputDraft | undefined {
  const offsetMs = Math.round(real.wall() - loop.now());
  if (Math.abs(offsetMs - state.offsetMs) <= driftMs) return undefined;
  return { type: "clock.stepped", subject: state.policy.project, data: { offsetMs } };
}

/** How finely waits that end between two ticks are noticed. */
const wakePollMs = 50;

/** Many instances that fall ill at once must not make a tick each: the next one takes them all. */
const soonMs = 10;

function loadState(store: Store): Mind["state"] {
  let state = emptyState;
  for (const event of store.read()) state = fold(state, event);
  return state;
}

/** Goes on at the last moment of journal and ticks, plus the wall time that has passed since. */
function loopClock(clock: Clock, { state }: Mind, lastTickMs: number): Clock {
  const lastMs = Math.max(state.atMs, lastTickMs);
  const baseMs = state.seq === 0 ? clock.wall() : Math.max(lastMs, clock.wall() - state.offsetMs);
  const fromMs = clock.now();
  return { ...clock, now: () => baseMs + clock.now() - fromMs };
}
