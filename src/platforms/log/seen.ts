// What is known of each log between two looks: where it ends, when it grew, whether it is to be rotated.
import { readdirSync, statSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import { stateOf } from "./read.ts";
import { factsOf, readRecord, writeRecord } from "./record.ts";
import { addMark, readMarks, timeAt } from "./times.ts";

/** A log that goes on and on gets a mark so often, or after so many bytes. */
const markMs = 5_000;
const markBytes = 65_536;
/** Growth after this long is a new beginning, whose time is worth a mark. */
const quietMs = 2_000;
const ageLookMs = 60_000;

export interface Seen {
  readonly path: string;
  inode: number;
  base: number;
  start: number;
  end: number;
  marks: number;
  /** Of the last mark. */
  markedAt: number;
  marked: number;
  /** When it was last seen to have grown. */
  grewAt: number;
  /** When its age is looked at next; loop time, as all that is decided by. */
  ageLookAt: number;
  /** No rotation before this. */
  notBefore: number;
}

/** The names of the logs in a folder; it is read again when it has changed. */
export function logNames(folder: string): () => readonly string[] {
  let names: readonly string[] = [];
  let changedAt = -1;
  let isFresh = true;
  return () => {
    const { mtimeMs } = statSync(folder);
    // Once more after a change: another one in the same tick of the kernel leaves the same time.
    const wasFresh = isFresh;
    isFresh = mtimeMs !== changedAt;
    changedAt = mtimeMs;
    if (isFresh || wasFresh) names = readdirSync(folder).filter((name) => name.endsWith(".log"));
    return names;
  };
}

export function firstLook(path: string): Seen | undefined {
  const state = stateOf(path);
  if (!state) return undefined;
  const { inode, base, start, freed, end } = state;
  // So that a reader need not look for archives.
  if (!readRecord(path)) writeRecord(path, { inode, base, start, freed });
  const marks = readMarks(path);
  const last = marks.at(-1);
  const it: Seen = {
    path,
    inode,
    base,
    start,
    end,
    marks: marks.length,
    markedAt: last?.at ?? 0,
    marked: last?.offset ?? base,
    grewAt: 0,
    ageLookAt: 0,
    notBefore: 0,
  };
  // What came while nobody looked is as old as the last of it, as far as anyone knows.
  if (end > it.marked) mark(it, statSync(path).mtimeMs);
  return it;
}

export function refresh(it: Seen): void {
  const state = stateOf(it.path);
  if (!state) return;
  it.inode = state.inode;
  it.base = state.base;
  it.start = state.start;
  it.end = Math.max(it.end, state.base);
}

export function note(it: Seen, wall: number): void {
  const facts = factsOf(it.path);
  if (!facts) {
    // Whatever comes under this name next is another file, even with the same inode.
    it.inode = -1;
    return;
  }
  const isAnew = facts.inode !== it.inode || it.base + facts.size < it.end;
  if (isAnew) {
    // Another hand emptied or replaced it: offsets go on where they were.
    it.inode = facts.inode;
    it.base = it.end;
    it.start = it.end;
    writeRecord(it.path, { inode: it.inode, base: it.base, start: it.start, freed: it.start });
  }
  const end = it.base + facts.size;
  if (end > it.end) {
    it.end = end;
    const isDue = end - it.marked >= markBytes || wall - it.markedAt >= markMs;
    const isBegin = wall - it.grewAt > quietMs;
    it.grewAt = wall;
    if (isDue || isBegin) mark(it, wall);
  } else if (it.end > it.marked) mark(it, it.grewAt);
}

function mark(it: Seen, at: number): void {
  it.marks = addMark(it.path, { offset: it.end, at }, it.marks);
  it.marked = it.end;
  it.markedAt = at;
}

export function isDue(
  it: Seen,
  { sizeBytes, ageMs }: { readonly sizeBytes: number; readonly ageMs: number },
  clock: Clock,
): boolean {
  const now = clock.now();
  if (it.end <= it.start || now < it.notBefore) return false;
  if (it.end - it.start >= sizeBytes) return true;
  if (now < it.ageLookAt) return false;
  it.ageLookAt = now + ageLookMs;
  const oldest = timeAt(readMarks(it.path), it.start);
  return oldest !== undefined && clock.wall() - oldest >= ageMs;
}
