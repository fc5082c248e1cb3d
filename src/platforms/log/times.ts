// When the lines of a log were written: an index of (offset, time), because raw lines say no time.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** So many bytes had been written at this moment; ms since the epoch. */
export interface Mark {
  readonly offset: number;
  readonly at: number;
}

/** Beyond it every other of the older marks goes: what is long ago needs no exact time. */
const marksMax = 4_096;

export const timesFile = (path: string): string => `${path}.times`;

/** In the order of their offsets. A line that was torn by a crash is left out. */
export function readMarks(path: string): readonly Mark[] {
  let text: string;
  try {
    text = readFileSync(timesFile(path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const marks: Mark[] = [];
  for (const [, offset, at] of text.matchAll(/^(\d{1,15}) (\d{1,15})$/gm)) {
    const mark = { offset: Number(offset), at: Number(at) };
    if (mark.offset > (marks.at(-1)?.offset ?? -1)) marks.push(mark);
  }
  return marks;
}

/** Returns how many marks the index holds now. */
export function addMark(path: string, { offset, at }: Mark, count: number): number {
  appendFileSync(timesFile(path), `${offset} ${Math.round(at)}\n`, { mode: 0o640 });
  return count + 1 <= marksMax ? count + 1 : thin(path);
}

/** Of the older half every other goes. */
function thin(path: string): number {
  const marks = readMarks(path);
  const half = Math.floor(marks.length / 2);
  const kept = marks.filter((_, i) => i >= half || i % 2 === 1);
  const aside = `${timesFile(path)}.new`;
  const text = kept.map(({ offset, at }) => `${offset} ${at}\n`).join("");
  writeFileSync(aside, text, { mode: 0o640 });
  renameSync(aside, timesFile(path));
  return kept.length;
}

/** Between marks that are no farther apart a log is taken to have grown evenly. */
const evenMs = 6_000;

/** About when the byte at `offset` was written; undefined when it is later than the last mark. */
export function timeAt(marks: readonly Mark[], offset: number): number | undefined {
  const i = after(marks, (mark) => mark.offset > offset);
  const [low, high] = [marks[i - 1], marks[i]];
  if (!low || !high || high.at - low.at > evenMs || high.at < low.at) return high?.at;
  const share = (offset - low.offset) / (high.offset - low.offset);
  return Math.round(low.at + share * (high.at - low.at));
}

/** The first offset that may have been written at `at` or later. */
export function offsetAt(marks: readonly Mark[], at: number): number {
  return marks[after(marks, (mark) => mark.at >= at) - 1]?.offset ?? 0;
}

/** The index of the first mark that fits, where all after it fit too. */
function after(marks: readonly Mark[], fits: (mark: Mark) => boolean): number {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const mark = marks[middle];
    if (mark && fits(mark)) high = middle;
    else low = middle + 1;
  }
  return low;
}
