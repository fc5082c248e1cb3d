// How a process ended, in words.
import { constants } from "node:os";
import type { Exit } from "../model/instance.ts";
import type { Ended } from "../platforms/platform.ts";
import { lastWords } from "./last-words.ts";

/** Exit codes that say more than their number. Sources: sysexits.h, POSIX shell, Node.js docs. */
const meanings: Readonly<Record<number, string>> = {
  1: "uncaught error or general failure",
  9: "invalid argument to Node",
  13: "top-level await never settled",
  75: "a dependency is missing",
  78: "configuration error",
  126: "command found but not executable",
  127: "command not found",
  134: "aborted (out of heap memory in Node)",
  137: "killed, often out of memory",
  143: "ended by TERM",
};

/** Source: signal(7). */
const signals: Readonly<Record<string, string>> = {
  SIGABRT: "it aborted itself",
  SIGALRM: "its alarm rang",
  SIGBUS: "it touched memory that is not there, such as a file that has shrunk",
  SIGFPE: "an impossible calculation, such as a division by zero",
  SIGHUP: "its terminal or supervisor went away",
  SIGILL: "it ran an instruction that this processor does not know",
  SIGINT: "interrupted, as by Ctrl-C",
  SIGPIPE: "it wrote where nobody reads any more",
  SIGQUIT: "told to quit with a core dump",
  SIGSEGV: "it touched memory that is not its own",
  SIGSYS: "it made a system call that is forbidden to it",
  SIGTERM: "told to end by another process",
  SIGTRAP: "it gave up by a trap, as V8 does on a fatal error",
  SIGXCPU: "it used all the CPU time that it may",
  SIGXFSZ: "it wrote a file larger than it may",
};

/** What is known of an end beyond its status and its lines. */
export interface Aftermath {
  /** Why the kernel ended it for want of memory; false when it is sure that it did not. */
  readonly outOfMemory?: string | false;
  /** The last figure of its memory, and how much there is for it. */
  readonly memory?: { readonly rssBytes: number; readonly ofBytes: number };
  readonly coreFile?: string;
  /** In words, who listens on a port. */
  readonly portHolder?: (port: number) => string | undefined;
  /** The port that it was given. */
  readonly ownPort?: number;
}

export function exitText(
  ended: Ended,
  lines: readonly string[] = [],
  aftermath: Aftermath = {},
): string {
  if (!ended.known) return "how it ended is not known: the process that had started it is gone";
  if (ended.signal === null && ended.code === null) return "it never ran";
  if (ended.signal === "SIGKILL") return `killed by SIGKILL${whoKilled(aftermath)}`;
  // A signal from outside says nothing about the lines before it.
  const speaks = ended.signal === null ? ended.code !== 0 : ended.signal in corey;
  const words = speaks ? spoken(lines, aftermath) : undefined;
  const core = aftermath.coreFile === undefined ? "" : `; core dumped to ${aftermath.coreFile}`;
  const meaning =
    words ?? (ended.signal === null ? meanings[ended.code ?? 0] : signals[ended.signal]);
  const how = ended.signal === null ? `exit code ${ended.code}` : `killed by ${ended.signal}`;
  if (meaning === undefined) return how + core;
  return (words === undefined ? `${how} (${meaning})` : `${how}: ${meaning}`) + core;
}

/** Signals that a process draws upon itself; the kernel dumps a core on them where it may. */
export const corey: Readonly<Record<string, true>> = {
  SIGABRT: true,
  SIGBUS: true,
  SIGFPE: true,
  SIGILL: true,
  SIGQUIT: true,
  SIGSEGV: true,
  SIGSYS: true,
  SIGTRAP: true,
  SIGXCPU: true,
  SIGXFSZ: true,
};

function spoken(lines: readonly string[], aftermath: Aftermath): string | undefined {
  const words = lastWords(lines);
  if (!words?.isListen) return words?.text;
  const { port = aftermath.ownPort } = words;
  if (port === undefined) return words.text;
  const holder = aftermath.portHolder?.(port);
  return `port ${port} is in use${holder === undefined ? "" : ` by ${holder}`}`;
}

/** Nothing is guessed where nobody has looked. */
function whoKilled({ outOfMemory, memory }: Aftermath): string {
  if (typeof outOfMemory === "string") return `: ${outOfMemory}`;
  if (outOfMemory === undefined && !memory) return "";
  const mib = (bytes: number): string => String(Math.round(bytes / 1_048_576));
  const figure = memory ? `: RSS was ${mib(memory.rssBytes)} of ${mib(memory.ofBytes)} MiB` : "";
  const why = outOfMemory === false ? "not for want of memory" : "perhaps for want of memory";
  return ` from outside, ${why}${figure}`;
}

export function exitData(
  ended: Ended,
  { expected, stopped }: { readonly expected: boolean; readonly stopped: boolean },
  uptimeMs: number,
  lines: readonly string[],
  aftermath: Aftermath = {},
): Exit {
  const text = stopped ? stoppedText(ended) : exitText(ended, lines, aftermath);
  return {
    code: statusOf(ended),
    signal: ended.signal,
    expected,
    ...(stopped ? { stopped } : {}),
    uptimeMs: Math.round(uptimeMs),
    text,
    lastLines: lines.slice(-linesKept),
  };
}

/** Lines of a process that go into the journal; more are looked at. */
const linesKept = 20;

/** Who was told to end did not crash: its status is told as it is. */
function stoppedText(ended: Ended): string {
  if (!ended.known) return "ended as it was told to";
  return ended.signal === null ? exitText(ended) : `killed by ${ended.signal}`;
}

/** The exit code, or what a shell would report of a signal: so may a config name it as expected. */
export function statusOf({ code, signal }: Pick<Ended, "code" | "signal">): number | null {
  return code ?? signalCode(signal);
}

/** 128 + the signal's number. */
function signalCode(signal: string | null): number | null {
  if (signal === null) return null;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return signal in numbers ? 128 + (numbers[signal] ?? 0) : null;
}
