// Answers what befalls the process: signals, errors that nobody caught, and its end.
import { constants } from "node:os";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Capture } from "../parts/capture.ts";
import { dependencyIn } from "../parts/dependency.ts";
import { isInterrupt } from "../parts/interrupt.ts";
import type { Befalls, ProcessFace } from "./face.ts";
import { list, look } from "./open/list.ts";
import { describeSite, siteAbove } from "./open/sites.ts";
import type { Tracker } from "./open/tracker.ts";
import type { Steps } from "./steps.ts";
import type { LevelSwitch } from "./stuck.ts";

export interface InstallOptions {
  /**
   * SIGTERM, SIGINT and SIGBREAK stop the app, the second of them ends it at once; SIGHUP switches
   * the log between info and debug; SIGUSR2 lists what is open and writes Node's diagnostic report.
   * Default true.
   */
  readonly signals?: boolean;
  /** The app dies of uncaught exceptions and unhandled rejections, captured once. Default true. */
  readonly errors?: boolean;
  /** Notes the lines that open sockets, servers, workers and children; "timers" those of timers too. Default true. */
  readonly track?: boolean | "timers";
}

/** What the ends do to the app's life. */
export interface Life {
  readonly signal: AbortSignal;
  /** All steps of the shutdown have run. */
  readonly isDone: boolean;
  readonly exitCode: number;
  stop(why: string): void;
  die(cause: unknown): void;
  /** Nothing is left to do: stops, and leaves the exit code to Node. */
  runOut(): void;
}

export interface EndsOptions {
  readonly life: Life;
  readonly clock: Clock;
  readonly log: Log;
  readonly levels: LevelSwitch | undefined;
  readonly capture: Capture | undefined;
  readonly face: ProcessFace;
  readonly tracker: Tracker;
  readonly steps: Steps;
}

export interface Ends {
  readonly lastSignal: NodeJS.Signals | undefined;
  install(options?: InstallOptions): Disposable;
}

/** A terminal and npm both pass Ctrl-C on: within this time it is the same one. */
const sameSignalMs = 300;
/** A report takes a moment and a file. */
const reportEveryMs = 5_000;
/** So many uncaught errors are logged; an app that dies may throw the same one for ever. */
const mostErrors = 20;

export function createEnds(options: EndsOptions): Ends {
  const { log } = options;
  const stops = stopSignals(options);
  const errors = uncaught(options);
  let installed = false;

  const install = (given: InstallOptions = {}): Disposable => {
    if (installed) throw new HomeostatError("OPTION_INVALID", "install: it is installed already");
    installed = true;
    const { signals = true, errors: withErrors = true, track = true } = given;
    const uses: Disposable[] = [];
    const on = (what: Befalls, listener: (...facts: readonly unknown[]) => void): void =>
      void uses.push(options.face.on(what, listener));
    if (track !== false) uses.push(options.tracker.start({ timers: track === "timers" }));
    if (withErrors) {
      on("uncaughtException", (error, origin) => {
        const rejected = origin === "unhandledRejection";
        errors(error, rejected ? "unhandled rejection" : "uncaught exception");
      });
      on("unhandledRejection", (error) => errors(error, "unhandled rejection"));
    }
    if (signals) {
      for (const name of ["SIGTERM", "SIGINT", "SIGBREAK"] as const)
        on(name, () => stops.came(name));
      on("SIGHUP", () => switchLevel(options));
      on("SIGUSR2", reporting(options));
    }
    on("beforeExit", () => options.life.runOut());
    on("exit", exiting(options, stops));
    log.debug("the app answers its process", { signals, errors: withErrors, track });
    return {
      [Symbol.dispose]: () => {
        installed = false;
        for (const use of uses) use[Symbol.dispose]();
      },
    };
  };

  return {
    get lastSignal() {
      return stops.last;
    },
    install,
  };
}

interface StopSignals {
  readonly last: NodeJS.Signals | undefined;
  /** The process is ended by a second signal. */
  readonly hard: boolean;
  came(name: NodeJS.Signals): void;
}

function stopSignals({ life, clock, log, face, steps }: EndsOptions): StopSignals {
  let last: { readonly name: NodeJS.Signals; readonly atMs: number } | undefined;
  let hard = false;
  return {
    get last() {
      return last?.name;
    },
    get hard() {
      return hard;
    },
    came: (name) => {
      const before = last;
      const atMs = clock.now();
      if (before?.name === name && atMs - before.atMs < sameSignalMs) return;
      last = { name, atMs };
      if (life.isDone) {
        // Something that is no part of the app keeps the process alive.
        log.warn(`${name} after the shutdown: exit ${life.exitCode}`);
        return face.exit(life.exitCode);
      }
      if (before === undefined) {
        if (life.signal.aborted) log.info(`${name}: already stopping; once more ends at once`);
        return life.stop(name);
      }
      const code = 128 + constants.signals[name];
      hard = true;
      log.error(`${name} after ${before.name}: exit ${code}`, { unfinished: steps.unfinished() });
      face.exit(code);
    },
  };
}

function uncaught({ life, log, capture }: EndsOptions): (error: unknown, what: string) => void {
  let seen = 0;
  return (error, what) => {
    const message = `${what}: ${messageOf(error)}`;
    if (isInterrupt(error, life.signal)) return log.debug(message, { error });
    const lost = dependencyIn(error);
    if (lost === undefined) capture?.(error, "process", { fatal: true, origin: what });
    seen += 1;
    if (seen <= mostErrors) log[lost === undefined ? "error" : "warn"](message, { error });
    if (seen === mostErrors) log.warn("more uncaught errors are not logged");
    life.die(lost ?? error);
  };
}

function switchLevel({ levels, log }: EndsOptions): void {
  if (levels === undefined) {
    log.warn("SIGHUP: this log has no level to switch");
    return;
  }
  levels.setLevel(levels.level === "debug" ? "info" : "debug");
  log.info(`SIGHUP: log level ${levels.level}`);
}

function reporting({ clock, log, face, tracker }: EndsOptions): () => void {
  let nextAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() < nextAt) return log.info("SIGUSR2: a report was written just now");
    nextAt = clock.now() + reportEveryMs;
    list(look(tracker, face, log), log);
    try {
      log.warn("SIGUSR2: diagnostic report", { file: face.writeReport() });
    } catch (error) {
      log.warn(`SIGUSR2: no report could be written: ${messageOf(error)}`, { error });
    }
  };
}

/** The last moment: whoever ended the process past its shutdown is named, a crash is never a 0. */
function exiting(
  { life, log, face, steps }: EndsOptions,
  stops: StopSignals,
): (code: unknown) => void {
  const listener = (code: unknown): void => {
    if (life.isDone || stops.hard) return;
    const by = describeSite(siteAbove(listener)) ?? "Node";
    const message = `exit ${code} before the shutdown was complete`;
    log.warn(message, { by, unfinished: steps.unfinished() });
    if (Number(code) === 0 && life.exitCode !== 0) face.exitCode = life.exitCode;
  };
  return listener;
}
