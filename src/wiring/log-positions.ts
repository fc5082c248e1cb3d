// Where forwarding stands in each log, written down for the next daemon.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Clock } from "../kernel/clock.ts";

const usualSaveMs = 1_000;

export interface Position {
  /** Undefined: at its beginning. */
  readonly at: number | undefined;
  /** False when nothing was ever forwarded from this folder. */
  readonly isKnown: boolean;
}

export interface Positions {
  of(name: string): Position;
  /** Once in `saveMs` when something changed, and at the end. */
  save(offsets: () => Readonly<Record<string, number>>, isLast: boolean): void;
}

/** How far each log was forwarded, for the next daemon: a killed one repeats `saveMs` at most. */
export function keepPositions(file: string, clock: Clock, saveMs: number = usualSaveMs): Positions {
  const left = readPositions(file);
  let written = "";
  let savedAt = clock.now();
  return {
    of: (name) => ({ at: left?.[name], isKnown: left !== undefined }),
    save: (offsets, isLast) => {
      if (!isLast && clock.now() - savedAt < saveMs) return;
      savedAt = clock.now();
      const text = JSON.stringify({ ...left, ...offsets() });
      if (text === written) return;
      const aside = `${file}.new`;
      writeFileSync(aside, text, { mode: 0o640 });
      renameSync(aside, file);
      written = text;
    },
  };
}

/** Undefined when nothing was ever forwarded from this folder. */
function readPositions(file: string): Readonly<Record<string, number>> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const pairs = Object.entries(value).filter(([, offset]) => Number.isSafeInteger(offset));
    return Object.fromEntries(pairs) as Record<string, number>;
  } catch {
    // Never written, or by another hand: as if forwarding began now.
    return undefined;
  }
}
