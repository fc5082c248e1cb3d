// Where the lines of an app usually go: syslog when there is one, the console for people and without.
import { consoleSink } from "./console.ts";
import { type FileSinkOptions, fileSink } from "./file.ts";
import type { Sink } from "./sink.ts";
import { type SyslogSinkOptions, syslogSink } from "./syslog.ts";

export interface UsualSinksOptions {
  /** Address of a syslog server, or all of its options. */
  readonly syslog?: string | SyslogSinkOptions;
  /** Path of a log file, or all of its options. */
  readonly file?: string | FileSinkOptions;
  /** Whether a person looks at stdout; default: whether it is a terminal. */
  readonly terminal?: boolean;
}

export interface UsualSinks {
  readonly sinks: readonly Sink[];
  /** To be logged at the start: where the lines go when that may surprise. */
  readonly notice?: string;
}

/** The console is left out only when lines go elsewhere and nobody looks at it. */
export function usualSinks(options: UsualSinksOptions = {}): UsualSinks {
  const { syslog, file, terminal = process.stdout.isTTY === true } = options;
  const sinks: Sink[] = [];
  if (syslog) sinks.push(syslogSink(typeof syslog === "string" ? { address: syslog } : syslog));
  if (file) sinks.push(fileSink(typeof file === "string" ? { path: file } : file));
  if (terminal || sinks.length === 0) sinks.push(consoleSink());
  const unseen = !syslog && !file && !terminal;
  return unseen ? { sinks, notice: "no syslog: the log goes to the console" } : { sinks };
}
