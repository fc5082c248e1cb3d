// Lines in a file that is rotated by size; what cannot be written waits, within a bound.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Level } from "../../kernel/log.ts";
import { createFileWriter } from "./file-writer.ts";
import { jsonOf, type LineFormat, textOf } from "./format.ts";
import type { Sink, Tell } from "./sink.ts";

export interface FileSinkOptions {
  readonly path: string;
  readonly level?: Level;
  /** Default "text", each line with its time before it. */
  readonly format?: LineFormat;
  /** A file that would grow beyond it is moved aside; default 50 MiB. */
  readonly maxBytes?: number;
  /** Files kept beside the current one, FILE.1 the newest; default 10. */
  readonly maxFiles?: number;
  /** Lines that wait for the disk; beyond it the oldest are given up and counted. Default 8 MiB. */
  readonly maxBufferBytes?: number;
  readonly clock?: Clock;
}

export interface FileSink extends Sink {
  /** For whoever moved the file away; one that is no longer under its path is noticed anyway. */
  reopen(): void;
}

/**
 * Writes without blocking, in order, whole lines only; several processes may write to one file.
 * What is still waiting when the process exits is written then. A disk that takes nothing is tried
 * again with growing waits, and told to the other sinks once.
 */
export function fileSink(options: FileSinkOptions): FileSink {
  const { path, level, format = "text", clock = systemClock } = options;
  const { maxBytes = 50 * 1_024 * 1_024, maxFiles = 10 } = options;
  const { maxBufferBytes = 8 * 1_024 * 1_024 } = options;
  checkNumbers({ maxBytes, maxFiles, maxBufferBytes });
  let tell: Tell = () => {};
  const writer = createFileWriter({
    path,
    maxBytes,
    maxFiles,
    maxBufferBytes,
    clock,
    tell: (message, fields) => tell(message, { path, ...fields }),
  });
  return {
    name: "file",
    ...(level && { level }),
    write: (line) => {
      const text = format === "json" ? jsonOf(line) : textOf(line, { time: true });
      writer.push(Buffer.from(`${text}\n`));
    },
    dropped: writer.dropped,
    attach: (given) => {
      tell = given;
    },
    reopen: writer.reopen,
    flush: writer.flush,
    close: writer.close,
  };
}

function checkNumbers(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new HomeostatError("OPTION_INVALID", `fileSink: ${name} must be 1 or more, got ${value}`);
  }
}
