// An existing pino or winston logger as the sink, known by its shape only: no dependency.
import type { Level } from "../../kernel/log.ts";
import { aborted } from "../parts/aborted.ts";
import { fieldsApart } from "./format.ts";
import type { Line, Plain, Sink } from "./sink.ts";

/** What is used of a pino logger (versions 8 to 10). */
export interface PinoLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  flush?(done: (error?: Error) => void): void;
}

/** Its levels, transports and redaction stay its own; ours has masked the line before. */
export function pinoSink(pino: PinoLogger, options: { readonly level?: Level } = {}): Sink {
  const taken = new Set(["level", "time", "pid", "hostname", "msg", "app", "thread", "logger"]);
  return {
    name: "pino",
    ...options,
    write: (line) => {
      // Bound to the logger: pino's methods read their `this`.
      pino[line.level]({ ...origin(line), ...fieldsApart(line.fields, taken) }, line.message);
    },
    flush: (signal) => Promise.race([flushed(pino), aborted(signal)]),
  };
}

/** What is used of a winston logger (version 3). */
export interface WinstonLogger {
  log(entry: { readonly level: string; readonly message: string }): unknown;
}

export function winstonSink(
  winston: WinstonLogger,
  options: { readonly level?: Level } = {},
): Sink {
  const taken = new Set(["level", "message", "timestamp", "app", "thread", "logger"]);
  return {
    name: "winston",
    ...options,
    write: (line) => {
      const { level, message } = line;
      winston.log({ ...origin(line), ...fieldsApart(line.fields, taken), level, message });
    },
  };
}

function origin({ app, thread, logger }: Line): Readonly<Record<string, Plain>> {
  return logger === "" ? { app, thread } : { app, thread, logger };
}

function flushed(pino: PinoLogger): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!pino.flush) return resolve();
    pino.flush((error) => (error ? reject(error) : resolve()));
  });
}
