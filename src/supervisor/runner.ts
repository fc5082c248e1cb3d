// One instance: starts its process, watches it end, stops it; one operation at a time.
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Target } from "../model/target.ts";
import type { Ended, Found, Platform, StartSpec } from "../platforms/platform.ts";

export interface Run {
  readonly identity: ProcessIdentity;
  readonly run: string;
  readonly port?: number;
  readonly startedAtMs: number;
  readonly adopted: boolean;
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
}

export interface StopOptions {
  readonly signal: NodeJS.Signals;
  /** From the signal to KILL. */
  readonly waitMs: number;
  /** Called after `onStopping` and before the signal: lets requests in flight finish. */
  readonly drain?: () => Promise<void>;
}

/** What happened while stopping, for the receipt. */
export type StopStep = (text: string, tookMs: number) => void;

export interface Runner {
  readonly target: Target;
  readonly current: Run | undefined;
  /** The mark of the run that is being started and is not `current` yet. */
  readonly starting: string | undefined;
  /** Whether `current` was told to end. */
  readonly stopping: boolean;
  /** Does nothing when the process runs already. @throws SPAWN_FAILED */
  start(by: string): Promise<Run>;
  /** `sinceMs`: loop time of its start, as far as the journal knows; `ending`: it was told to end. */
  adopt(found: Found, sinceMs: number, ending: boolean): void;
  /** Resolves when nothing is left of the process group. */
  stop(by: string, options: StopOptions, step?: StopStep): Promise<void>;
}

/** How long the kernel may take to tear a killed group down. */
const reapMs = 5_000;
const reapPollMs = 10;

export function createRunner(options: RunnerOptions): Runner {
  const { target, platform, clock, log } = options;
  let current: Run | undefined;
  let starting: string | undefined;
  let stopping = false;
  let queue: Promise<unknown> = Promise.resolve();

  /** Operations wait for the one before, whether that one failed or not. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work);
    queue = turn.catch(() => {});
    return turn;
  };

  const watch = (
    identity: ProcessIdentity,
    { run, port }: Pick<Found, "run" | "port">,
    origin: Pick<Run, "startedAtMs" | "adopted">,
  ): Run => {
    const over = platform.ended(identity).then(async (ended) => {
      await clearGroup(platform, clock, identity, log);
      const stopped = stopping;
      current = undefined;
      options.onEnded(whole, ended, stopped);
      platform.acknowledge?.(identity);
    });
    const whole: Run = { identity, run, ...(port === undefined ? {} : { port }), ...origin, over };
    current = whole;
    return whole;
  };

  return {
    target,
    get current() {
      return current;
    },
    get starting() {
      return starting;
    },
    get stopping() {
      return stopping;
    },
    start: (by) =>
      inTurn(async () => {
        if (current) return current;
        stopping = false;
        const spec = await options.spec();
        starting = spec.run;
        const identity = await platform.start(spec).finally(() => {
          starting = undefined;
        });
        const run = watch(identity, spec, { startedAtMs: clock.now(), adopted: false });
        options.onStarted(run, by);
        return run;
      }),
    adopt: (found, sinceMs, ending) => {
      stopping = ending;
      const run = watch(found.identity, found, { startedAtMs: sinceMs, adopted: true });
      options.onStarted(run, "adoption");
    },
    stop: (by, how, step = () => {}) =>
      inTurn(async () => {
        if (!current) return;
        stopping = true;
        options.onStopping(by);
        await end(platform, clock, current, how, step);
      }),
  };
}

async function end(
  platform: Platform,
  clock: Clock,
  run: Run,
  how: StopOptions,
  step: StopStep,
): Promise<void> {
  if (how.drain) await timed(clock, step, "drained", how.drain);
  const fromMs = clock.now();
  platform.signalGroup(run.identity, how.signal);
  // One that was stopped by a signal takes this one when it goes on, and ends as it would.
  platform.signalGroup(run.identity, "SIGCONT");
  if (await within(clock, how.waitMs, run.over)) {
    step(`${how.signal}: it ended`, clock.now() - fromMs);
    return;
  }
  const killedMs = clock.now();
  step(`${how.signal}: it did not end`, killedMs - fromMs);
  platform.signalGroup(run.identity, "SIGKILL");
  await run.over;
  step("SIGKILL to the whole group: it ended", clock.now() - killedMs);
}

/** Ends what the leader left behind, and waits until the group is empty. */
async function clearGroup(
  platform: Platform,
  clock: Clock,
  identity: ProcessIdentity,
  log: Log,
): Promise<void> {
  const { pid } = identity;
  const fromMs = clock.now();
  try {
    while (platform.groupAlive(identity)) {
      platform.signalGroup(identity, "SIGKILL");
      if (clock.now() - fromMs > reapMs) throw new Error(`still there after ${reapMs} ms`);
      await clock.sleep(reapPollMs);
    }
  } catch (error) {
    // Its leader has ended all the same, and that has to be told.
    log.error("what a process left behind does not end", { pid, reason: messageOf(error) });
  }
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
