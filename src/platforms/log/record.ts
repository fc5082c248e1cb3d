// How much of a log file is in archives and how much is freed: a small record beside the file.
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";

/**
 * Offsets count the bytes of a log since its first file, so they only grow. The byte at `offset`
 * stands at `offset - base` in the file, whatever was cut off before it.
 */
export interface LogRecord {
  /** Of the file that the figures are about. */
  readonly inode: number;
  /** Offset of the file's first byte. */
  readonly base: number;
  /** Offset of the first byte that is in no archive. */
  readonly start: number;
  /** What lies before it is no longer in the file. */
  readonly freed: number;
  /** So many bytes are being taken out at the front; `proof` is where that can be seen. */
  readonly moving?: { readonly bytes: number; readonly proof: number };
}

export interface FileFacts {
  readonly inode: number;
  readonly size: number;
}

export const recordFile = (path: string): string => `${path}.start`;

/** Undefined when there is no such file. */
export function factsOf(path: string): FileFacts | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? { inode: stat.ino, size: stat.size } : undefined;
}

/** Undefined when there is none, or when it is no record: it is written whole or not at all. */
export function readRecord(path: string): LogRecord | undefined {
  let text: string;
  try {
    text = readFileSync(recordFile(path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<LogRecord> | null;
    const figures = [value?.inode, value?.base, value?.start, value?.freed];
    return figures.every((it) => Number.isSafeInteger(it)) ? (value as LogRecord) : undefined;
  } catch {
    // Of another hand: what the archives say still holds.
    return undefined;
  }
}

export function writeRecord(path: string, record: LogRecord): void {
  const aside = `${recordFile(path)}.new`;
  writeFileSync(aside, JSON.stringify(record), { mode: 0o640 });
  renameSync(aside, recordFile(path));
}

/**
 * What holds for the file that is there now: it may have been replaced, emptied by hand, or its
 * record may be older than its archives, which is where a killed daemon leaves it.
 */
export function settle(
  record: LogRecord | undefined,
  { inode, size }: FileFacts,
  archivedTo: number,
): LogRecord {
  if (!record) {
    const base = size >= archivedTo ? 0 : archivedTo;
    return { inode, base, start: archivedTo, freed: base };
  }
  const start = Math.max(record.start, archivedTo);
  const isOther = record.inode !== inode || (!record.moving && size < record.start - record.base);
  return isOther ? { inode, base: start, start, freed: start } : { ...record, start };
}

/**
 * Whether the bytes that were to be taken out at the front are out: before, the byte at `proof` lies
 * in the hole and is 0; after, it is one that is known not to be.
 */
export function settleMove(path: string, record: LogRecord): LogRecord {
  const { moving, ...rest } = record;
  if (!moving) return record;
  const byte = Buffer.alloc(1);
  const file = openSync(path, "r");
  try {
    const isDone = readSync(file, byte, 0, 1, moving.proof) === 1 && byte[0] !== 0;
    return isDone ? { ...rest, base: rest.base + moving.bytes } : rest;
  } finally {
    closeSync(file);
  }
}
