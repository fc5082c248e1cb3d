// Lines on stdout and, from level error, on stderr: text for a person, JSON for a machine.
import type { Level } from "../../kernel/log.ts";
import { jsonOf, type LineFormat, textOf } from "./format.ts";
import { type Line, reaches, type Sink, type Tell } from "./sink.ts";

/** What is needed of a stream; `process.stdout` is one. */
export interface ConsoleStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly writableLength?: number | undefined;
  on?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
}

export interface ConsoleSinkOptions {
  readonly level?: Level;
  /** "auto" (default) is text on a terminal and JSON elsewhere, for each stream by itself. */
  readonly format?: LineFormat | "auto";
  readonly stdout?: ConsoleStream;
  readonly stderr?: ConsoleStream;
  /** Lines are dropped while a reader leaves more than this unread; default 16 MiB. */
  readonly maxBufferBytes?: number;
}

/** A reader that has gone away (EPIPE) is told to the other sinks and does not end the process. */
export function consoleSink(options: ConsoleSinkOptions = {}): Sink {
  const stdout: ConsoleStream = options.stdout ?? process.stdout;
  const stderr: ConsoleStream = options.stderr ?? process.stderr;
  const { format = "auto", maxBufferBytes = 16 * 1_024 * 1_024 } = options;
  let dropped = 0;
  let tell: Tell = () => {};
  const gone = new Set<ConsoleStream>();
  const watching = new Map(
    [...new Set([stdout, stderr])].map((stream) => {
      const onError = (error: Error): void => {
        if (!gone.has(stream)) tell("nobody reads the console any more", { reason: error.message });
        gone.add(stream);
      };
      stream.on?.("error", onError);
      return [stream, onError] as const;
    }),
  );
  const write = (line: Line): void => {
    const stream = reaches(line.level, "error") ? stderr : stdout;
    if (gone.has(stream) || (stream.writableLength ?? 0) > maxBufferBytes) {
      dropped += 1;
      return;
    }
    const text = format === "text" || (format === "auto" && stream.isTTY === true);
    stream.write(`${text ? textOf(line) : jsonOf(line)}\n`);
  };
  return {
    name: "console",
    ...(options.level && { level: options.level }),
    write,
    dropped: () => dropped,
    attach: (given) => {
      tell = given;
    },
    close: () => {
      for (const [stream, onError] of watching) stream.off?.("error", onError);
    },
  };
}
