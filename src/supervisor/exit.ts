// How a process ended, in words.
import { constants } from "node:os";
import type { Exit } from "../model/instance.ts";
import type { Ended } from "../platforms/platform.ts";

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

export function exitText(ended: Ended): string {
  if (!ended.known) return "how it ended is not known: an earlier daemon had started it";
  if (ended.signal !== null) return `killed by ${ended.signal}`;
  if (ended.code === null) return "it never ran";
  const meaning = meanings[ended.code];
  return `exit code ${ended.code}${meaning ? ` (${meaning})` : ""}`;
}

export function exitData(
  ended: Ended,
  { expected, stopped }: { readonly expected: boolean; readonly stopped: boolean },
  uptimeMs: number,
  lastLines: readonly string[],
): Exit {
  return {
    code: ended.code ?? signalCode(ended.signal),
    signal: ended.signal,
    expected,
    ...(stopped ? { stopped } : {}),
    uptimeMs: Math.round(uptimeMs),
    text: stopped && !ended.known ? "ended as it was told to" : exitText(ended),
    lastLines,
  };
}

/** What a shell would report: 128 + the signal's number. */
function signalCode(signal: string | null): number | null {
  if (signal === null) return null;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return signal in numbers ? 128 + (numbers[signal] ?? 0) : null;
}
