// One instance: starts its process, watches it end, stops it; one operation at a time.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Target } from "../model/target.ts";
import type { Ended, Found, Platform, StartSpec } from "../platforms/platform.ts";
import { clearRest, restOf, type Strays } from "./rest.ts";

export interface Run {
  readonly identity: ProcessIdentity;
  readonly run: string;
  readonly port?: number;
  readonly startedAtMs: number;
  readonly adopted: boolean;
  /** It was ready under an earlier daemon. */
  readonly ready: boolean;
  /** Resolves after `onEnded` has been told. */
  readonly over: Promise<void>;
}

export interface RunnerOptions {
  readonly target: Target;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes what is needed for the next start; a fresh port each time. */
  readonly spec: () => Promise<StartSpec>;
  readonly onStarted: (run: Run, by: string) => void;
  readonly onStopping: (by: string) => void;
  readonly onEnded: (run: Run, ended: Ended, stopped: boolean) => void;
  /** Processes of a run that have left its group: they are told to end with it. */
  readonly strays?: Strays;
}

export interface StopOptions {
  readonly signal: NodeJS.Signals;
  /** From the signal to KILL. */
  readonly waitMs: number;
  /** Until when the process has asked to be waited for, beyond that. */
  readonly extendedUntilMs?: () => number | undefined;
  /** Called after `onStopping` and before the signal: lets requests in flight finish. */
  readonly drain?: () => Promise<void>;
}

/** What happened while stopping, for the receipt. */
export type StopStep = (text: string, tookMs: number) => void;

/** What the journal knows of a process that is taken over. */
export interface Was {
  /** It was told to end. */
  readonly stopping: boolean;
  readonly ready: boolean;
}

export interface Runner {
  readonly target: Target;
  readonly current: Run | undefined;
  /** The mark of the run that is being started and is not `current` yet. */
  readonly starting: string | undefined;
  /** Whether `current` was told to end. */
  readonly stopping: boolean;
  /** Does nothing when the process runs already. @throws SPAWN_FAILED */
  start(by: string): Promise<Run>;
  /** `sinceMs`: loop time of its start, as far as the journal knows. */
  adopt(found: Found, sinceMs: number, was: Was): void;
  /** Resolves when nothing is left of the process group. */
  stop(by: string, options: StopOptions, step?: StopStep): Promise<void>;
}

interface Held {
  current: Run | undefined;
  starting: string | undefined;
  stopping: boolean;
  /** What was told to end by a signal, and when it is killed; a run that dies by itself was not. */
  told: { readonly signal: NodeJS.Signals; readonly killAtMs: () => number } | undefined;
}

export function createRunner(options: RunnerOptions): Runner {
  const { target, platform, clock } = options;
  const held: Held = { current: undefined, starting: undefined, stopping: false, told: undefined };
  let queue: Promise<unknown> = Promise.resolve();

  /** Operations wait for the one before, whether that one failed or not. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work);
    queue = turn.catch(() => {});
    return turn;
  };

  return {
    target,
    get current() {
      return held.current;
    },
    get starting() {
      return held.starting;
    },
    get stopping() {
      return held.stopping;
    },
    start: (by) =>
      inTurn(async () => {
        if (held.current) return held.current;
        held.stopping = false;
        held.told = undefined;
        const spec = await options.spec();
        held.starting = spec.run;
        const identity = await platform.start(spec).finally(() => {
          held.starting = undefined;
        });
        const origin = { startedAtMs: clock.now(), adopted: false, ready: false };
        const run = watch(options, held, identity, spec, origin);
        options.onStarted(run, by);
        return run;
      }),
    adopt: (found, sinceMs, { stopping, ready }) => {
      held.stopping = stopping;
      const origin = { startedAtMs: sinceMs, adopted: true, ready };
      const run = watch(options, held, found.identity, found, origin);
      options.onStarted(run, "adoption");
    },
    stop: (by, how, step = () => {}) =>
      inTurn(async () => {
        if (!held.current) return;
        held.stopping = true;
        options.onStopping(by);
        await end(options, held, held.current, how, step);
      }),
  };
}

function watch(
  options: RunnerOptions,
  held: Held,
  identity: ProcessIdentity,
  { run, port }: Pick<Found, "run" | "port">,
  origin: Pick<Run, "startedAtMs" | "adopted" | "ready">,
): Run {
  const { platform } = options;
  const over = platform.ended(identity).then(async (ended) => {
    await clearRest(options, restOf(options, { identity, run }), () => held.told);
    const stopped = held.stopping;
    held.current = undefined;
    options.onEnded(whole, ended, stopped);
    platform.acknowledge?.(identity);
  });
  const whole: Run = { identity, run, ...(port === undefined ? {} : { port }), ...origin, over };
  held.current = whole;
  return whole;
}

async function end(
  { platform, clock }: RunnerOptions,
  held: Held,
  run: Run,
  how: StopOptions,
  step: StopStep,
): Promise<void> {
  const { signal, waitMs, extendedUntilMs } = how;
  if (how.drain) await timed(clock, step, "drained", how.drain);
  const fromMs = clock.now();
  const killAtMs = (): number => Math.max(fromMs + waitMs, extendedUntilMs?.() ?? 0);
  held.told = { signal, killAtMs };
  platform.signalGroup(run.identity, signal);
  // One that was stopped by a signal takes this one when it goes on, and ends as it would.
  platform.signalGroup(run.identity, "SIGCONT");
  for (let leftMs = waitMs; leftMs > 0; leftMs = killAtMs() - clock.now()) {
    if (!(await within(clock, leftMs, run.over))) continue;
    step(`${signal}: it ended`, clock.now() - fromMs);
    return;
  }
  const killedMs = clock.now();
  step(`${signal}: it did not end`, killedMs - fromMs);
  platform.signalGroup(run.identity, "SIGKILL");
  await run.over;
  step("SIGKILL to the whole group: it ended", clock.now() - killedMs);
}

/** Whether `promise` settles within `ms`. */
export async function within(
  clock: Clock,
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then(
    () => false,
    () => true,
  );
  const done = await Promise.race([promise.then(() => true), late]);
  timer.abort();
  return done;
}

async function timed(
  clock: Clock,
  step: StopStep,
  text: string,
  work: () => Promise<void>,
): Promise<void> {
  const fromMs = clock.now();
  await work();
  step(text, clock.now() - fromMs);
}
