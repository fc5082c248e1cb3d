// The watch over the main thread and the watchdog itself: a small thread that is given beats.
import type { Worker } from "node:worker_threads";
import { builtin } from "../../kernel/builtin.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { type Log, silentLog } from "../../kernel/log.ts";
import {
  above,
  anything,
  called,
  checkOptions,
  count,
  flag,
  named,
} from "../../policies/options.ts";
import { type Blocked, type OuterSettings, programOf } from "./outer-worker.ts";

export type { Blocked } from "./outer-worker.ts";

/**
 * What happens when the main thread does not beat:
 *
 * 1. After `blockedMs` the thread asks it for its stack and writes it to stderr, while it blocks. That
 *    works through an inspector session inside the process (no port is opened) for all JavaScript,
 *    regular expressions and `Atomics.wait`; not for native code such as `execSync` or `pbkdf2Sync`,
 *    which is then said instead.
 * 2. After `exitMs` the process ends: `process.exit(exitCode)` is run on the main thread in the middle
 *    of what it does, so that its `exit` listeners run. Node adds one line to stderr, "Waiting for the
 *    debugger to disconnect...", and does not wait. Not while the process' debugger port is open:
 *    somebody may stand at a breakpoint.
 * 3. When it has not ended `graceMs` later it is killed: the supervisor then sees SIGKILL, which a
 *    shell shows as 137.
 */
export interface OuterOptions {
  /** Default 5,000. */
  readonly blockedMs?: number;
  /** Default 30,000; more than `blockedMs`. Infinity: the process is never ended. */
  readonly exitMs?: number;
  /** Default 1,000. */
  readonly graceMs?: number;
  /** Default 70: EX_SOFTWARE of sysexits.h. */
  readonly exitCode?: number;
  /** How a line on stderr begins: `app watchdog [ERROR] …`. Default "homeostat". */
  readonly app?: string;
  /** Lines on stderr as JSON. Default false. */
  readonly json?: boolean;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Called on the main thread when it beats again. */
  readonly onBlocked?: (blocked: Blocked) => void;
  /** Given each thread that is started for the watch, so that a list of open things can leave it out. */
  readonly onThread?: (thread: object) => void;
}

export interface Outer extends Disposable {
  /** Beats must not be further apart than this. */
  readonly beatMs: number;
  beat(): void;
}

/** A thread that ends is started anew so often. */
const mostStarts = 4;

/** The thread needs 6 MB to be there at all. */
const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/**
 * Starts the watch. Its thread does not keep the process alive. Costs 2 ms of the main thread, and
 * with Node 24 some 13 MB of resident memory in an app that serves HTTP, 15 to 19 in an empty process:
 * what an empty thread costs.
 * Where threads are not allowed (`--permission`) that is logged, and there is no watch.
 * @throws OPTION_INVALID
 */
export function startOuter(options: OuterOptions = {}): Outer {
  const { log = silentLog, clock = systemClock } = options;
  const settings = settle(options);
  const shared = new SharedArrayBuffer(16);
  const beats = new Int32Array(shared, 0, 2);
  const wall = new Float64Array(shared, 8, 1);
  wall[0] = clock.wall();
  let thread: Worker | undefined;
  let starts = 0;

  const isOver = (): boolean => Atomics.load(beats, 1) === 1;
  const failed = (why: string): void => {
    thread = undefined;
    if (isOver()) return;
    if (starts < mostStarts) {
      log.warn(`the thread that watches the main thread ended (${why}) and is started anew`);
      start();
      return;
    }
    log.error(`the main thread is not watched: the thread for it ended ${starts} times (${why})`);
  };
  const start = (): void => {
    starts += 1;
    try {
      thread = threadOf(settings, shared);
    } catch (error) {
      log.warn(`the main thread is not watched: ${messageOf(error)}`, { error });
      return;
    }
    options.onThread?.(thread);
    let why = "without an error";
    thread.on("error", (error) => {
      why = messageOf(error);
    });
    thread.on("exit", () => failed(why));
    thread.on("message", (blocked: Blocked) => {
      log.warn(`the main thread was blocked for ${blocked.blockedMs} ms`, { ...blocked });
      try {
        options.onBlocked?.(blocked);
      } catch (error) {
        log.error(`onBlocked of the outer watch failed: ${messageOf(error)}`, { error });
      }
    });
    thread.unref();
  };
  start();

  return {
    beatMs: Math.min(1_000, settings.blockedMs / 4),
    beat: () => {
      wall[0] = clock.wall();
      Atomics.add(beats, 0, 1);
    },
    [Symbol.dispose]: () => {
      Atomics.store(beats, 1, 1);
      void thread?.terminate();
    },
  };
}

function threadOf(settings: OuterSettings, shared: SharedArrayBuffer): Worker {
  // As text: a file of its own would be lost in a bundle, and from source would load a compiler.
  const { Worker } = builtin("node:worker_threads");
  return new Worker(programOf(settings.exitCode), {
    eval: true,
    name: "homeostat watchdog",
    workerData: { settings, shared },
    env: {},
    execArgv: [],
    resourceLimits,
    trackUnmanagedFds: false,
  });
}

function settle(options: OuterOptions): OuterSettings {
  checkOptions<OuterOptions>("outer watch", options, {
    blockedMs: above(0),
    exitMs: above(options.blockedMs ?? 5_000),
    graceMs: above(0),
    exitCode: count(1, 255),
    app: named,
    json: flag,
    log: anything,
    clock: anything,
    onBlocked: called,
    onThread: called,
  });
  const { blockedMs = 5_000, exitMs = Math.max(30_000, 2 * blockedMs) } = options;
  const { graceMs = 1_000, exitCode = 70, app = "homeostat", json = false } = options;
  const lookMs = Math.max(5, Math.min(500, Math.floor(blockedMs / 5)));
  return { app, json, lookMs, blockedMs, exitMs, graceMs, exitCode };
}
