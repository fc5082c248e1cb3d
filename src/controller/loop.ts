// The shell of the loop: feeds the pure step, makes its events durable, hands its commands on.
import { type Clock, every } from "../kernel/clock.ts";
import type { Event, InputDraft } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";
import type { Store } from "../stores/store.ts";
import { createDecider } from "./decide.ts";
import { remember } from "./remember.ts";
import { emptySenses, type State } from "./state.ts";
import { type Command, type Mind, type Step, wakeAt } from "./step.ts";

export interface Loop {
  /** Loop time: goes on where the journal ended, never backward. */
  readonly clock: Clock;
  readonly mind: Mind;
  /** Why nothing is decided now: the disk is too full for the journal. */
  readonly stuck: string | undefined;
  /** Takes an event in; its consequences are durable when this returns, unless the loop is stuck. */
  emit(draft: InputDraft): void;
  /** Events that are taken in during `work` become durable together, and at once, when it is over. */
  together(work: () => void): void;
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
  /** Between ticks; default: the clock's own sleep. */
  readonly rest?: Clock["sleep"];
  /** Which program folds the journal: its snapshots are kept and used. Without it there are none. */
  readonly program?: string;
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
  const { state, keep } = remember(store, options.program);
  const mind = { state, senses: emptySenses };
  const lastTick = store.lastTick();
  const clock = loopClock(options.clock, mind, lastTick?.atMs ?? 0);
  const listeners = new Set<(events: readonly Event[], mind: Mind) => void>();
  const rest = options.rest ? { sleep: options.rest } : {};
  let readings: Reading[] = [];
  const turn: Turn = { tickedAtMs: 0, nextTickMs: 0, running: false, hurried: false };

  const decider = createDecider({
    ...{ store, step, clock, mind, ticks: lastTick?.n ?? 0, onCommand, onFull, onBroken },
    onDecided: (events, after) => {
      for (const listener of listeners) listener(events, after);
      alarm.rouse();
    },
  });
  const { take, close } = decider;
  const tick = (): void => {
    const stepped = clockStep(options.clock, clock, decider.mind);
    if (stepped && decider.stuck === undefined) take({ kind: "event", draft: stepped });
    const batch = readings;
    readings = [];
    turn.tickedAtMs = clock.now();
    turn.nextTickMs = turn.tickedAtMs + options.tickMs;
    turn.hurried = false;
    if (decider.stuck !== undefined) take({ kind: "again" });
    take({ kind: "tick", readings: batch });
    if (decider.stuck === undefined) keep(decider.mind.state);
    alarm.rouse();
  };
  const alarm = createAlarm(clock, turn, () => decider.mind.state, tick);

  return {
    clock,
    get mind() {
      return decider.mind;
    },
    get stuck() {
      return decider.stuck;
    },
    emit: (draft) => take({ kind: "event", draft }),
    together: decider.together,
    end: (draft) => {
      take({ kind: "event", draft });
      close();
      if (decider.stuck === undefined) keep(decider.mind.state, 1);
    },
    observe: (more, soon = false) => {
      for (const it of more) readings.push(atWholeMs(it));
      if (!soon || !turn.running) return;
      turn.hurried = clock.now() - turn.tickedAtMs < soonMs;
      if (turn.hurried) alarm.rouse();
      else tick();
    },
    run: async (signal) => {
      turn.running = true;
      turn.nextTickMs = clock.now() + options.tickMs;
      alarm.rouse();
      await every({ ...clock, ...rest }, options.tickMs, signal, tick);
      turn.running = false;
      alarm.end();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Where the loop stands between two ticks. */
interface Turn {
  tickedAtMs: number;
  nextTickMs: number;
  running: boolean;
  /** A tick is wanted that would have come too soon after the last one. */
  hurried: boolean;
}

interface Alarm {
  /** Something may be due before the next tick. */
  rouse(): void;
  end(): void;
}

function createAlarm(clock: Clock, turn: Turn, state: () => State, tick: () => void): Alarm {
  const dueAt = (): number | undefined => {
    if (!turn.running) return undefined;
    return turn.hurried ? turn.tickedAtMs + soonMs : wakeAt(state(), turn.tickedAtMs);
  };
  const rouse = (): void => {
    const dueMs = dueAt();
    // What is due after the next tick is looked at then.
    if (dueMs !== undefined && dueMs < turn.nextTickMs) waking.at(dueMs);
  };
  const waking = createWaking(clock, () => {
    const dueMs = dueAt();
    if (dueMs === undefined) return;
    if (dueMs <= clock.now()) tick();
    else rouse();
  });
  return { rouse, end: waking.end };
}

/** The wall clock was set, or the machine slept: what people read as time must follow. */
function clockStep(real: Clock, loop: Clock, { state }: Mind): InputDraft | undefined {
  const offsetMs = Math.round(real.wall() - loop.now());
  if (Math.abs(offsetMs - state.offsetMs) <= driftMs) return undefined;
  return { type: "clock.stepped", subject: state.policy.project, data: { offsetMs } };
}

/** One sleep, until the earliest of what is asked for: nothing is polled. */
function createWaking(
  clock: Clock,
  wake: () => void,
): { readonly at: (dueMs: number) => void; readonly end: () => void } {
  let atMs = Number.POSITIVE_INFINITY;
  let sleeping = new AbortController();
  const end = (): void => {
    sleeping.abort();
    atMs = Number.POSITIVE_INFINITY;
  };
  return {
    end,
    at: (dueMs) => {
      if (dueMs >= atMs) return;
      end();
      sleeping = new AbortController();
      atMs = dueMs;
      // A timer knows whole milliseconds only, and shall not be early.
      const forMs = Math.max(0, Math.ceil(dueMs - clock.now()));
      clock.sleep(forMs, sleeping.signal).then(
        () => {
          atMs = Number.POSITIVE_INFINITY;
          wake();
        },
        () => {},
      );
    },
  };
}

function atWholeMs(reading: Reading): Reading {
  return Number.isInteger(reading.atMs) ? reading : { ...reading, atMs: Math.round(reading.atMs) };
}

/** Many instances that fall ill at once must not make a tick each: the next one takes them all. */
const soonMs = 10;

/** Goes on at the last moment of journal and ticks, plus the wall time that has passed since. */
function loopClock(clock: Clock, { state }: Mind, lastTickMs: number): Clock {
  const lastMs = Math.max(state.atMs, lastTickMs);
  const baseMs = state.seq === 0 ? clock.wall() : Math.max(lastMs, clock.wall() - state.offsetMs);
  const fromMs = clock.now();
  return { ...clock, now: () => baseMs + clock.now() - fromMs };
}
