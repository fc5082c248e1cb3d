// One entry of a log as `homeostat logs` shows it: a line with the lines that belong to it.
import type { Level } from "../../kernel/log.ts";
import { plain, redact } from "../../kernel/redact.ts";
import { factsOfLine } from "../../protocol/log-line.ts";
import { type LogLine, type Mark, timeAt } from "../../wiring/logs.ts";

export interface Entry {
  /** "web-1". */
  readonly name: string;
  /** Ms since the epoch: as the line says, else when it was seen, which is later. */
  readonly at: number;
  readonly level?: Level;
  /** As it was written; a stack trace is one entry of many lines. */
  readonly lines: readonly string[];
  /** Of a line that is JSON. */
  readonly message?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Characters shown of one line. */
const lineMax = 8_192;

/** `otherwise`: when what has no mark was written at the latest. */
export function entryOf(
  name: string,
  lines: readonly LogLine[],
  marks: readonly Mark[],
  otherwise: number,
): Entry {
  const texts = lines.map(shown);
  const [first = ""] = texts;
  const offset = lines[0]?.offset ?? 0;
  const { at, level, message, fields } = factsOfLine(first);
  return {
    name,
    at: at ?? timeAt(marks, offset) ?? otherwise,
    lines: texts,
    ...(level && { level }),
    ...(fields && { message, fields }),
  };
}

function shown({ text, cutBytes }: LogLine): string {
  const clean = redact(plain(text));
  const cut = cutBytes > 0 ? ` (${cutBytes} bytes more)` : "";
  return (clean.length > lineMax ? `${clean.slice(0, lineMax)}…` : clean) + cut;
}

/** An entry is kept with all its lines when one of them fits. */
export function fits(
  { lines, level }: Entry,
  { grep, errors }: { readonly grep?: RegExp | undefined; readonly errors: boolean },
): boolean {
  if (errors && level !== "error") return false;
  return grep === undefined || lines.some((line) => grep.test(line));
}

/** By time; the order within one log stays, whatever times its lines tell. */
export function merged(logs: readonly (readonly Entry[])[]): readonly Entry[] {
  const timed = logs.flatMap((entries) => {
    let latest = 0;
    return entries.map((entry) => {
      latest = Math.max(latest, entry.at);
      return { entry, at: latest };
    });
  });
  return timed.toSorted((a, b) => a.at - b.at).map(({ entry }) => entry);
}
