// Reads a log by offsets that rotation does not move: from its file, or from an archive.
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { type Archive, archivedTo, archivesOf } from "./archives.ts";
import { factsOf, type LogRecord, readRecord, settle, settleMove } from "./record.ts";

/** A log as it stands at one moment. */
export interface LogState extends LogRecord {
  readonly size: number;
  /** Offset behind the last byte. */
  readonly end: number;
}

/**
 * Undefined when there is no such file. An archive that is newer than the record counts for who
 * rotates only (`recovered`): for a reader, what it holds is in the file still.
 */
export function stateOf(path: string): LogState | undefined {
  const facts = factsOf(path);
  if (!facts) return undefined;
  const written = readRecord(path);
  const record = written?.moving ? settleMove(path, written) : written;
  const fits = record?.inode === facts.inode && facts.size >= record.start - record.base;
  const known = settle(record, facts, fits ? 0 : archivedTo(archivesOf(path)));
  return { ...known, size: facts.size, end: known.base + facts.size };
}

/** The same with what a daemon had archived, and was killed before it had written it down. */
export function recovered(
  path: string,
  to: number = archivedTo(archivesOf(path)),
): LogState | undefined {
  const state = stateOf(path);
  return state && { ...state, start: Math.max(state.start, to) };
}

export type Read =
  | { readonly kind: "bytes"; readonly bytes: number }
  /** It is no longer in the file; an archive may have it. */
  | { readonly kind: "archived"; readonly start: number }
  /** Nothing is there yet, or the file was being moved: ask again later. */
  | { readonly kind: "none" }
  /** The file was emptied or replaced by another hand, and begins here. */
  | { readonly kind: "anew"; readonly start: number };

/**
 * Fills the buffer from `offset` on. The record is read again after the bytes: what it says is true
 * before anything is freed, so bytes that it still calls present were present.
 */
export function readAt(path: string, offset: number, buffer: Buffer): Read {
  const before = stateOf(path);
  if (!before) return { kind: "none" };
  if (offset > before.end) return { kind: "anew", start: before.start };
  if (offset < before.freed) return { kind: "archived", start: before.start };
  if (offset === before.end) return { kind: "none" };
  const file = openSync(path, "r");
  let bytes: number;
  try {
    const most = Math.min(buffer.length, before.end - offset);
    bytes = readSync(file, buffer, 0, most, offset - before.base);
  } finally {
    closeSync(file);
  }
  const now = stateOf(path);
  if (now?.base !== before.base || now.inode !== before.inode) return { kind: "none" };
  if (offset < now.freed) return { kind: "archived", start: now.start };
  return { kind: "bytes", bytes };
}

/**
 * The bytes of an archive from `offset` on. One that is removed meanwhile ends early.
 * @throws what zlib says of an archive that is damaged.
 */
export async function* readArchive(archive: Archive, offset: number): AsyncGenerator<Buffer> {
  const source = createReadStream(archive.path);
  const unpacked = createGunzip();
  source.on("error", (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  let at = archive.from;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      const skip = Math.max(0, offset - at);
      at += chunk.length;
      if (skip < chunk.length) yield chunk.subarray(skip);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    source.destroy();
  }
}

/** The offset at which the last `count` lines begin, not before `from`; reads backwards. */
export function lastLinesFrom(path: string, state: LogState, count: number, from: number): number {
  const chunk = Buffer.allocUnsafe(65_536);
  let left = count;
  let to = state.end;
  const file = openSync(path, "r");
  try {
    while (to > from) {
      const at = Math.max(from, to - chunk.length);
      const bytes = readSync(file, chunk, 0, to - at, at - state.base);
      // The newline at the very end closes the last line, it does not begin another.
      let next = at + bytes === state.end ? bytes - 2 : bytes - 1;
      for (; next >= 0; next -= 1) {
        next = chunk.lastIndexOf(10, next);
        if (next < 0) break;
        left -= 1;
        if (left <= 0) return at + next + 1;
      }
      to = at;
    }
    return from;
  } finally {
    closeSync(file);
  }
}
