// The log of an app: levels that change while it runs, loggers by name, secrets out, lines to sinks.
import type { Clock } from "../../kernel/clock.ts";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Fields, Level, Log } from "../../kernel/log.ts";
import type { Capture } from "../parts/capture.ts";
import { cleanFields } from "../parts/clean.ts";
import { createMask } from "../parts/mask.ts";
import type { Metrics } from "../parts/metrics.ts";
import { consoleSink } from "./console.ts";
import { currentName } from "./name.ts";
import { createNoise } from "./noise.ts";
import { createOutlet } from "./outlet.ts";
import { levels, reaches, type Sink } from "./sink.ts";

export interface LogOptions {
  /** The first word of each line in text form. */
  readonly app: string;
  /** Default "info". */
  readonly level?: Level;
  /** True lets all lines through until `started()` is called, then those of `level`. */
  readonly starting?: boolean;
  /** Default: the console. */
  readonly sinks?: readonly Sink[];
  /** Fields of every line. */
  readonly fields?: Fields;
  /** Values to mask wherever they stand, of 6 characters or more. */
  readonly secrets?: readonly string[];
  /** Given each line of level error, but for those of noisy loggers. */
  readonly capture?: Capture;
  /** Names of loggers that are noisy from the start. */
  readonly noisy?: readonly string[];
  /** How often it is told how many errors of noisy loggers were not captured; default 300,000 ms. */
  readonly summaryMs?: number;
  readonly metrics?: Pick<Metrics, "counter" | "gauge">;
  readonly clock?: Clock;
}

export interface AppLog extends Log {
  child(fields: Fields): AppLog;
  /** A logger with a name; the names of loggers within loggers are joined by a dot. */
  named(name: string): AppLog;
  /** The least level that is let through now; one for all loggers of the app. */
  readonly level: Level;
  /** Takes effect at once, and stays when the app has started. */
  setLevel(level: Level): void;
  /** The start is over: from now on `level` counts, unless `setLevel` was called meanwhile. */
  started(): void;
  /**
   * Errors of this logger, and of loggers beneath it, are written and not captured. How many there
   * were is told in a line of its own and in {@link masked}.
   */
  noisy(name: string): Disposable;
  /** How many errors were not captured since the start, by noisy name. */
  masked(): Readonly<Record<string, number>>;
  /** Masks this value from now on, for secrets that are known only when the app runs. */
  mask(secret: string): void;
  /** Lines that sinks gave up or failed to write since the start, by the sink's name. */
  dropped(): Readonly<Record<string, number>>;
  /** Waits until all that was written has left the process, 2,000 ms at most. True when it has. */
  flush(limitMs?: number): Promise<boolean>;
  /** Flushes, then lets go of files and sockets. */
  close(limitMs?: number): Promise<void>;
}

/** Never throws when a line is written, whatever its fields hold. */
export function createLog(options: LogOptions): AppLog {
  const { app, clock = systemClock, summaryMs = 300_000, capture } = options;
  if (!/^[^\s[\]]{1,64}$/.test(app)) {
    throw new HomeostatError("OPTION_INVALID", `log: app ${JSON.stringify(app)} is not one word`);
  }
  const mask = createMask(options.secrets);
  const { sinks = [consoleSink()], metrics } = options;
  const outlet = createOutlet({ app, clock, sinks, metrics });
  const usual = checked(options.level ?? "info");
  let level: Level = options.starting ? "debug" : usual;
  let starting = options.starting ?? false;
  const noise = createNoise({
    clock,
    summaryMs,
    tell: (counts) => {
      outlet.tell("info", "errors of noisy loggers were not captured", { masked: counts });
    },
  });
  const maskedErrors = options.metrics?.counter("log_masked_errors", {
    help: "Errors of noisy loggers, written and not captured",
  });
  for (const name of options.noisy ?? []) noise.ignore(name);
  const capturing = capturer(capture, (reason) => {
    outlet.tell("warn", "an error could not be captured", cleanFields({ reason }, mask));
  });

  const logger = (name: string, base: Fields): AppLog => {
    const write = (at: Level, message: string, extra: Fields = {}): void => {
      if (!reaches(at, level)) return;
      const given = { ...base, ...extra };
      const [text, fields] = [mask.text(String(message)), cleanFields(given, mask)];
      outlet.write({ level: at, thread: currentName(), logger: name, message: text, fields });
      if (at !== "error") return;
      if (noise.passesOver(name)) maskedErrors?.with({ logger: name }).add();
      else capturing(given, text, name === "" ? app : name, fields);
    };
    return {
      debug: (message, fields) => write("debug", message, fields),
      info: (message, fields) => write("info", message, fields),
      warn: (message, fields) => write("warn", message, fields),
      error: (message, fields) => write("error", message, fields),
      child: (fields) => logger(name, { ...base, ...fields }),
      named: (more) => logger(name === "" ? more : `${name}.${more}`, base),
      get level() {
        return level;
      },
      setLevel: (wanted) => {
        level = checked(wanted);
        starting = false;
      },
      started: () => {
        if (starting) level = usual;
        starting = false;
      },
      noisy: noise.ignore,
      masked: noise.counts,
      mask: mask.add,
      dropped: outlet.dropped,
      flush: outlet.flush,
      close: async (limitMs) => {
        noise.close();
        await outlet.close(limitMs);
      },
    };
  };
  return logger("", options.fields ?? {});
}

/** Hands the error of a line to `capture`; what is logged while it does so is not captured again. */
function capturer(
  capture: Capture | undefined,
  failed: (reason: unknown) => void,
): (given: Fields, message: string, source: string, fields: Fields) => void {
  if (!capture) return () => {};
  let busy = false;
  return (given, message, source, fields) => {
    if (busy) return;
    busy = true;
    try {
      const found = Object.values(given).find((value) => value instanceof Error);
      capture(found ?? new Error(message), source, { ...fields, message });
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
    }
  };
}

/** @throws OPTION_INVALID: a level that is none would let nothing through, not even errors. */
function checked(level: Level): Level {
  if (levels.includes(level)) return level;
  const got = JSON.stringify(level);
  throw new HomeostatError("OPTION_INVALID", `log: level must be ${levels.join(", ")}, got ${got}`);
}
