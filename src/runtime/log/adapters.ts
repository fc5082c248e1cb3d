// An existing pino, winston or OpenTelemetry logger as the sink, known by its shape only: no dependency.

import { aborted } from "../../kernel/aborted.ts";
import type { Level } from "../../kernel/log.ts";
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

/** What is used of a logger of OpenTelemetry's logs API: `logs.getLogger("shop")`. */
export interface OtelLogger {
  emit(record: {
    readonly timestamp: number;
    readonly severityNumber: number;
    readonly severityText: string;
    readonly body: string;
    readonly attributes: Readonly<Record<string, Plain>>;
  }): void;
}

/** Source: OpenTelemetry logs data model, "Severity Fields". */
const severities: Readonly<Record<Level, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/**
 * A line is emitted while its caller runs, so that the SDK finds the span that is active there: log
 * and trace are joined. `flush` is the provider's `forceFlush`; it is given up with the log's own.
 */
export function otelSink(
  logger: OtelLogger,
  options: { readonly level?: Level; readonly flush?: () => Promise<void> } = {},
): Sink {
  const { flush, ...more } = options;
  const taken = new Set(["app", "thread.name", "logger"]);
  return {
    name: "opentelemetry",
    ...more,
    write: ({ at, level, app, thread, logger: name, message, fields }) => {
      const named = name === "" ? {} : { logger: name };
      logger.emit({
        timestamp: at,
        severityNumber: severities[level],
        severityText: level.toUpperCase(),
        body: message,
        attributes: { app, "thread.name": thread, ...named, ...fieldsApart(fields, taken) },
      });
    },
    ...(flush ? { flush: (signal) => Promise.race([flush(), aborted(signal)]) } : {}),
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
