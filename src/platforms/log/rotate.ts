// Moves the whole lines of a log into an archive and gives back their space; the writer goes on.
import { closeSync, openSync, readSync, rmSync, statSync, truncateSync } from "node:fs";
import { blockBytes, collapse, type Freeing, punch } from "./free.ts";
import { archive, asideOf } from "./pack.ts";
import { recovered, stateOf } from "./read.ts";
import { factsOf, type LogRecord, readRecord, writeRecord } from "./record.ts";

/** So much before the archived lines' end stays in the file: the last words of who just died. */
const staysBytes = 65_536;
/** A line that is longer may be torn between two archives. */
const lineBytes = 4 * 1_024 * 1_024;
const chunkBytes = 256 * 1_024;
/** What may be left to archive when a file is cut, and how often that is tried. */
const restBytes = 4 * 1_024 * 1_024;
const cutTries = 5;
/** A file system holds somewhat more than is written. */
const slackBytes = 1_024 * 1_024;

export interface Rotation {
  readonly path: string;
  readonly freeing: Freeing;
  /** Uncompressed bytes of one archive. */
  readonly sizeBytes: number;
  /** A hole of so many bytes is taken out of the file, where the file system can. */
  readonly holeBytes: number;
  /** The beginning is given up without an archive; needs `freeing.punch`. */
  readonly drop?: boolean;
}

export interface Rotated {
  readonly from: number;
  readonly to: number;
  readonly dropped: boolean;
}

/**
 * Rotates once; undefined when there is no whole line to rotate. A process that is killed at any
 * instant of it loses nothing and doubles nothing: the archive is there under its name or is not,
 * and the record says what may be freed before it is freed.
 */
export async function rotateOnce(rotation: Rotation): Promise<Rotated | undefined> {
  const { path, freeing, sizeBytes, drop = false } = rotation;
  const state = recovered(path);
  if (!state) return undefined;
  const from = state.start - state.base;
  const rest = state.size - from;
  const length =
    wholeLines(path, from, Math.min(rest, sizeBytes)) ||
    // A line that is longer than an archive should be.
    wholeLines(path, from, Math.min(rest, Math.max(lineBytes, sizeBytes)));
  if (length === 0) return undefined;
  const [start, to] = [state.start, state.start + length];
  if (!drop) await archive(path, state, length);
  if (freeing.punch) await freeTo(rotation, { ...recordOf(state), start: to });
  else await cutAll(path);
  return { from: start, to, dropped: drop };
}

/** What a daemon that was killed had not written down, not freed or was moving; `to`: archived. */
export async function finishRotation(rotation: Rotation, to: number): Promise<void> {
  const { path, freeing } = rotation;
  rmSync(asideOf(path), { force: true });
  const state = recovered(path, to);
  if (!state) return;
  const held = statSync(path).blocks * 512;
  const isFreed = held <= state.end - state.freed + slackBytes;
  const written = readRecord(path);
  const isWritten = written?.start === state.start && !written.moving;
  if (isFreed && isWritten) return;
  if (freeing.punch) await freeTo(rotation, recordOf(state));
  else writeRecord(path, recordOf(state));
}

/** Bytes up to the last newline within `most`; all of them when no line ends within 4 MiB. */
function wholeLines(path: string, from: number, most: number): number {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const file = openSync(path, "r");
  try {
    for (let to = most; to > 0; ) {
      const at = Math.max(0, to - chunk.length);
      const bytes = readSync(file, chunk, 0, to - at, from + at);
      const found = bytes === 0 ? -1 : chunk.lastIndexOf(10, bytes - 1);
      if (found >= 0) return at + found + 1;
      if (most - at >= lineBytes) return most;
      to = at;
    }
    return 0;
  } finally {
    closeSync(file);
  }
}

/** The record says it first, so that nobody reads what is being freed. */
async function freeTo(rotation: Rotation, record: LogRecord): Promise<void> {
  const { path } = rotation;
  const freed = Math.max(record.freed, record.start - staysBytes);
  const now = { ...record, freed };
  writeRecord(path, now);
  const bytes = freed - record.base;
  if (bytes < blockBytes) return;
  await punch(path, bytes);
  await takeOut(rotation, now);
}

/** Rarely, and only when there is a byte by which a later process can tell whether it was done. */
async function takeOut({ path, freeing, holeBytes }: Rotation, record: LogRecord): Promise<void> {
  const hole = record.freed - record.base;
  const bytes = hole - (hole % blockBytes);
  if (!freeing.collapse || hole < holeBytes || bytes === 0) return;
  const proof = proofOf(path, hole, bytes);
  if (proof === undefined) return;
  writeRecord(path, { ...record, moving: { bytes, proof } });
  try {
    await collapse(path, bytes);
  } finally {
    const state = stateOf(path);
    if (state) writeRecord(path, recordOf(state));
  }
}

/** Where, after the move, a byte stands that is not 0, and before it the hole. */
function proofOf(path: string, hole: number, bytes: number): number | undefined {
  const chunk = Buffer.alloc(blockBytes);
  const file = openSync(path, "r");
  try {
    const read = readSync(file, chunk, 0, chunk.length, hole);
    const found = chunk.subarray(0, read).findIndex((byte) => byte !== 0);
    const proof = hole - bytes + found;
    return found >= 0 && proof < bytes ? proof : undefined;
  } finally {
    closeSync(file);
  }
}

/**
 * Where nothing can be freed in place. Between the last look at the size and the cut nothing may be
 * written: what is, is lost, which are the lines of some microseconds. `homeostat check` says so.
 */
async function cutAll(path: string): Promise<void> {
  for (let tries = 0; tries < cutTries; tries++) {
    const state = recovered(path);
    if (!state) return;
    writeRecord(path, recordOf(state));
    if (state.end === state.start && factsOf(path)?.size === state.size) {
      truncateSync(path, 0);
      writeRecord(path, {
        inode: state.inode,
        base: state.end,
        start: state.end,
        freed: state.end,
      });
      return;
    }
    // A writer that is faster is left to the next rotation.
    if (state.end - state.start > restBytes) return;
    await archive(path, state, state.end - state.start);
  }
}

function recordOf({ inode, base, start, freed }: LogRecord): LogRecord {
  return { inode, base, start, freed };
}
