// The watchdog: knows all that has to live in this process, and acts when something of it does not.
import { type Clock, deadline, systemClock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { anything, called, checkOptions, finiteAbove } from "../../policies/options.ts";
import { surroundings } from "../parts/surroundings.ts";
import type { Entry, Kind, Watched, WatchedLoop } from "./entry.ts";
import { createHome, type HomeOptions } from "./home.ts";
import * as kinds from "./kinds.ts";
import { checkLoop, heartbeat, type LoopOptions } from "./loop-beat.ts";
import { type Outer, startOuter } from "./outer.ts";
import type { Policy } from "./policy.ts";
import { type Care, policyRule, type Registration, register, watched } from "./register.ts";
import { createReporting, type RollReporter } from "./reporter.ts";
import { createRoster, type Roster } from "./roster.ts";
import { creationSite } from "./site.ts";
import { startSweep } from "./sweep.ts";
import type { Tracked } from "./tracked.ts";
import type { Home } from "./tracked-given.ts";

export interface WatchdogOptions extends HomeOptions {
  /** What is done about a loss when the thing has no policy of its own. Default "die". */
  readonly policy?: Policy;
  /** Milliseconds between two looks at what ends without a word, at most. Default 1,000. */
  readonly sweepMs?: number;
  /** Told at intervals how many live and which are missing; they cannot hurt the watch. */
  readonly reporters?: readonly RollReporter[];
  /**
   * The thread that watches the main thread and this watchdog, whose turns beat for it. Default:
   * `startOuter()`, with its findings on the bus as `watchdog.blocked`; none with any clock but the
   * system's. It is disposed of with the watchdog.
   */
  readonly outer?: Outer | false;
  /** Runs a task or a loop under its name, so that its lines in the log carry it. */
  readonly named?: <T>(name: string, work: () => T) => T;
}

/** The thing itself, or a function that makes it: only then can it be restarted. */
export type Source<Thing> = Thing | (() => Thing);

/** What is done about the loss of something that tells its end by an event. */
export interface LostOn {
  /** Events that mean that it is lost. Default: `close` and `error`. */
  readonly lostOn?: readonly string[];
}

/**
 * Each watched thing is an object with an id and the place that handed it over; names may repeat.
 * Its end is known in the turn of the event loop in which Node tells it. An end while the app stops
 * is no loss. What the watchdog made itself it also ends when the app stops: tasks by their signal,
 * threads by `terminate`, child processes by SIGTERM and, 3,000 ms later, SIGKILL.
 * All throw OPTION_INVALID for options that cannot be.
 */
export interface Watchdog extends Disposable {
  worker(name: string, worker: Source<kinds.WorkerLike>, care?: Care): Watched;
  /** A child that ends with code 0 has ended well and is not restarted; see `cleanEnd`. */
  child(name: string, child: Source<kinds.ChildLike>, care?: Care): Watched;
  /** Runs it at once. Meant to go on: it is lost when its promise settles. */
  task(name: string, run: (signal: AbortSignal) => unknown, care?: Care): Watched;
  /** Lost when it does not beat; pending until its first beat. */
  loop(name: string, options: LoopOptions, care?: Care): WatchedLoop;
  server(name: string, server: Source<kinds.EmitterLike>, care?: Care, on?: LostOn): Watched;
  /** Anything that emits `close` or `error` when it ends: a connection, a subscription, a stream. */
  consumer(name: string, consumer: Source<kinds.EmitterLike>, care?: Care, on?: LostOn): Watched;
  /** What is watched now; what was untracked or ended well is not in it. */
  list(): readonly Entry[];
}

/** For the end of what the watchdog made: longer than a child process has until SIGKILL. */
const endLimitMs = 4_500;

const never = new AbortController().signal;

/** @throws OPTION_INVALID */
export function createWatchdog(options: WatchdogOptions = {}): Watchdog {
  checkWatchdog(options);
  const { clock, log } = surroundings(options);
  const { stopping, policy = "die", named = (_, work) => work() } = options;
  const signal = stopping?.signal ?? never;
  const roster = createRoster(log);
  const home = createHome(options, roster);
  const outer = options.outer ?? usualOuter(home, clock, log);
  const reporting = createReporting(options.reporters ?? [], { clock, log });

  const sweep = startSweep({
    clock,
    log,
    everyMs: Math.min(options.sweepMs ?? 1_000, outer ? outer.beatMs : 1_000),
    work: (creditMs) => {
      if (outer) outer.beat();
      if (!home.isStopping()) reporting.pass(roster.roll());
      return roster.look(clock.now(), creditMs);
    },
  });
  const step = stopping?.onStop("watchdog", "workers", () => endAll(roster, home));

  const take = (given: Omit<Registration, "site">): Tracked =>
    register(home, roster, { ...given, site: creationSite() }, policy);
  const emitter =
    (kind: Kind): Watchdog["server"] =>
    (name, source, care, { lostOn = ["close", "error"] } = {}) =>
      watched(take({ kind, name, care, ...made(source, (make) => kinds.emitter(make, lostOn)) }));

  return {
    worker: (name, source, care) =>
      watched(take({ kind: "worker", name, care, ...made(source, kinds.worker) })),
    child: (name, source, care) => {
      const begin = (make: () => kinds.ChildLike): kinds.Begin => kinds.child(make, clock);
      return watched(take({ kind: "child", name, care, ...made(source, begin) }));
    },
    task: (name, run, care) => {
      if (typeof run !== "function") {
        const message = `watchdog: task ${name}: run must be a function, got ${String(run)}`;
        throw new HomeostatError("OPTION_INVALID", message);
      }
      const begin = kinds.task((aborts) => named(name, () => run(aborts)), signal);
      return watched(take({ kind: "task", name, care, begin, again: true }));
    },
    loop: (name, given, care) => loop(take, name, given, care, { clock, signal, named }),
    server: emitter("server"),
    consumer: emitter("consumer"),
    list: () => roster.all().map(({ entry }) => entry),
    [Symbol.dispose]: () => {
      sweep[Symbol.dispose]();
      step?.[Symbol.dispose]();
      if (outer) outer[Symbol.dispose]();
      for (const tracked of roster.all()) tracked.untrack(true);
    },
  };
}

function checkWatchdog(options: WatchdogOptions): void {
  checkOptions<WatchdogOptions>("watchdog", options, {
    clock: anything,
    random: called,
    log: anything,
    stopping: anything,
    bus: anything,
    metrics: anything,
    exit: called,
    policy: policyRule,
    sweepMs: finiteAbove(0),
    reporters: anything,
    outer: anything,
    named: called,
  });
}

/** None with a clock of tests: it would take a clock that is not moved for a thread that blocks. */
function usualOuter(home: Home, clock: Clock, log: Log): Outer | false {
  if (clock !== systemClock) return false;
  const onBlocked = (data: object): void => home.publish("watchdog.blocked", "critical", data);
  return startOuter({ log, onBlocked });
}

function made<Thing>(
  source: Source<Thing>,
  begin: (make: () => Thing) => kinds.Begin,
): { readonly begin: kinds.Begin; readonly again: boolean } {
  const isMaker = (it: Source<Thing>): it is () => Thing => typeof it === "function";
  const again = isMaker(source);
  return { begin: begin(isMaker(source) ? source : () => source), again };
}

interface LoopPlace {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly named: NonNullable<WatchdogOptions["named"]>;
}

function loop(
  take: (given: Omit<Registration, "site">) => Tracked,
  name: string,
  options: LoopOptions,
  care: Care | undefined,
  { clock, signal, named }: LoopPlace,
): WatchedLoop {
  checkLoop(name, options);
  const pulse = heartbeat(options, clock.now());
  let tracked: Tracked | undefined;
  let hasBeaten = false;
  const beat = (): void => {
    hasBeaten = true;
    pulse.beat(clock.now());
    tracked?.alive();
  };
  const { start } = options;
  const driven = start && ((aborts: AbortSignal) => named(name, () => start(beat, aborts)));
  const begin = kinds.loop(driven, signal);
  const startMs = Math.max(10_000, pulse.allowedMs);
  tracked = take({ kind: "loop", name, care, begin, again: !!start, heartbeat: pulse, startMs });
  // `start` may beat before there is anything to tell it to.
  if (hasBeaten) tracked.alive();
  return Object.assign(watched(tracked), { beat });
}

/** Ends what the watchdog made; what does not end is named and left behind. */
async function endAll(roster: Roster, { clock, log }: Home): Promise<void> {
  const limit = deadline(clock, endLimitMs);
  const over = new Promise<void>((resolve) => {
    limit.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const ends = roster.all().map(async (tracked) => {
    const what = `${tracked.settings.kind} ${tracked.settings.id}`;
    let isOver = false;
    const end = tracked.end().then(
      () => {
        isOver = true;
      },
      (error: unknown) => {
        isOver = true;
        log.warn(`${what} could not be ended: ${messageOf(error)}`, { error });
      },
    );
    await Promise.race([end, over]);
    if (!isOver) log.warn(`${what} has not ended after ${endLimitMs} ms`);
  });
  await Promise.all(ends);
  limit.done();
}
