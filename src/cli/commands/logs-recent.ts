// What is in a log already: its last entries, or those since a moment, from its file and archives.
import { statSync } from "node:fs";
import {
  type Archive,
  archivesOf,
  cutLines,
  groupLines,
  type LineCutter,
  type LogLine,
  type LogState,
  lastLinesFrom,
  type Mark,
  offsetAt,
  readArchive,
  readAt,
  readMarks,
  stateOf,
} from "../../wiring/logs.ts";
import { type Entry, entryOf, fits } from "./logs-entry.ts";
import type { LogFile } from "./logs-find.ts";

export interface Asked {
  /** Lines of each log. */
  readonly count: number;
  /** Ms since the epoch. */
  readonly since?: number;
  readonly grep?: RegExp;
  readonly errors: boolean;
  /** A line that has not ended yet is left to who follows. */
  readonly follow: boolean;
}

export interface Recent {
  readonly entries: readonly Entry[];
  /** Where what comes next begins. */
  readonly end: number;
}

const chunkBytes = 262_144;

export async function recent({ name, path }: LogFile, asked: Asked): Promise<Recent> {
  const state = stateOf(path);
  if (!state) return { entries: [], end: 0 };
  const latest = Math.round(statSync(path).mtimeMs);
  const marks = [...readMarks(path), { offset: state.end, at: latest }];
  const kept = keepLast(asked, (lines) => entryOf(name, lines, marks, latest));
  const archives = archivesOf(path).filter(({ to }) => to <= state.start);
  const older = olderThan(asked, archives, marks, latest);
  const from = beginOf(path, state, asked, marks);
  const cutter = kept.reader(from);
  const end = readLive(path, state.end, cutter);
  if (!asked.follow) cutter.end();
  let entries = kept.take();
  // Backwards through the archives, as far as is needed.
  for (const archive of older.toReversed()) {
    if (linesOf(entries) >= asked.count) break;
    const before = keepLast(asked, (lines) => entryOf(name, lines, marks, archive.at));
    const cutter = before.reader(archive.from);
    for await (const chunk of readArchive(archive, archive.from)) cutter.push(chunk);
    cutter.end();
    entries = [...before.take(), ...entries];
  }
  return { entries: lastOf(entries, asked.count), end };
}

/** Where in the file the reading begins: nothing is looked at that is not asked for. */
function beginOf(path: string, state: LogState, asked: Asked, marks: readonly Mark[]): number {
  const { count, since, grep, errors } = asked;
  if (since !== undefined) {
    // A mark may stand within a line.
    const end = Math.min(Math.max(offsetAt(marks, since), state.start), state.end);
    return lastLinesFrom(path, { ...state, end }, 1, state.start);
  }
  if (grep || errors) return state.start;
  return lastLinesFrom(path, state, count, state.start);
}

function olderThan(
  { since }: Asked,
  archives: readonly Archive[],
  marks: readonly Mark[],
  latest: number,
): readonly Archive[] {
  if (since === undefined) return archives;
  return since > latest
    ? []
    : archives.filter(({ at, to }) => at >= since && to > offsetAt(marks, since));
}

/** Returns the offset behind the last whole line. */
function readLive(path: string, to: number, cutter: LineCutter): number {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  while (cutter.offset < to) {
    const part = buffer.subarray(0, Math.min(buffer.length, to - cutter.offset));
    const read = readAt(path, cutter.offset, part);
    if (read.kind === "none") break;
    if (read.kind === "bytes") cutter.push(part.subarray(0, read.bytes));
    else cutter.jump(read.start);
  }
  return cutter.lineStart;
}

/** Keeps the last entries that fit, and no more than are asked for. */
function keepLast(
  asked: Asked,
  entry: (lines: readonly LogLine[]) => Entry,
): { reader(from: number): LineCutter; take(): readonly Entry[] } {
  const { count, since } = asked;
  let kept: Entry[] = [];
  const groups = groupLines<LogLine>((lines) => {
    const made = entry(lines);
    if ((since !== undefined && made.at < since) || !fits(made, asked)) return;
    kept.push(made);
    if (kept.length > 2 * count + 100) kept = kept.slice(-count);
  });
  return {
    reader: (from) => cutLines(from, groups.push),
    take: () => {
      groups.flush();
      return kept;
    },
  };
}

function linesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { lines }) => sum + lines.length, 0);
}

/** So many lines; an entry whose beginning is beyond them is shown with its last lines. */
function lastOf(entries: readonly Entry[], count: number): readonly Entry[] {
  let left = count;
  const last: Entry[] = [];
  for (const entry of entries.toReversed()) {
    if (left <= 0) break;
    const lines = entry.lines.slice(-left);
    left -= lines.length;
    last.push(lines.length === entry.lines.length ? entry : { ...entry, lines });
  }
  return last.toReversed();
}
