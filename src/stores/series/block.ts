// Stretches of several series as one piece of bytes; those that were measured together share their times.
import { decodeColumn, encodeColumn } from "./column.ts";

/** Of one series: its times, and as many columns as all entries of a block have. */
export interface Entry {
  /** 0 to 63. */
  readonly slot: number;
  readonly at: ArrayLike<number>;
  readonly columns: readonly ArrayLike<number>[];
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

const version = 1;
/** So many lists of times are compared with. */
const comparedTimes = 4;

/*
 * version u8 · columns u8 · entries varint · per entry: slot u8 · times varint: 0, followed by a count
 * and a column, or how many lists of times ago the same one was · the columns, each behind its length.
 */
export function encodeBlock(entries: readonly Entry[], columns: number): Uint8Array {
  const out = byteWriter();
  out.byte(version);
  out.byte(columns);
  out.varint(entries.length);
  const known: Entry[] = [];
  for (const entry of entries) {
    const { slot, at, from, to } = entry;
    out.byte(slot);
    const seen = known.findLastIndex(
      (it, i) => i >= known.length - comparedTimes && isSameTime(it, entry),
    );
    if (seen >= 0) out.varint(known.length - seen);
    else {
      known.push(entry);
      out.varint(0);
      out.varint(to - from);
      out.piece(encodeColumn(at, from, to));
    }
    for (const column of entry.columns) out.piece(encodeColumn(column, from, to));
  }
  return out.bytes();
}

function isSameTime(one: Entry, other: Entry): boolean {
  const count = one.to - one.from;
  if (count !== other.to - other.from) return false;
  for (let i = 0; i < count; i++) {
    if (one.at[one.from + i] !== other.at[other.from + i]) return false;
  }
  return true;
}

/** What one series has in a block, good until the call is over. */
export interface Columns {
  readonly count: number;
  /** As many count, in these and in the columns. */
  readonly at: Float64Array;
  readonly columns: readonly Float64Array[];
}

interface Times {
  readonly count: number;
  readonly piece: Uint8Array;
  at?: Float64Array;
}

/** Points of a column that a block of ours may have, and ten times as many. */
const countMax = 20_000;
let scratch: Float64Array[] = [];

/**
 * Calls `take` for the wanted series, or for each.
 * @throws RangeError when the bytes are not those of a block
 */
export function decodeBlock(
  bytes: Uint8Array,
  wanted: number | undefined,
  take: (slot: number, found: Columns) => void,
): void {
  const input = byteReader(bytes);
  if (input.byte() !== version) throw new RangeError("a block of a version that is not known");
  const columns = input.byte();
  const entries = input.varint();
  const times: Times[] = [];
  for (let entry = 0; entry < entries; entry++) {
    const slot = input.byte();
    const ago = input.varint();
    if (ago === 0) times.push({ count: input.varint(), piece: input.piece() });
    const time = times.at(ago === 0 ? -1 : -ago);
    if (!time || time.count > countMax) throw new RangeError("a block without its times");
    const isWanted = wanted === undefined || wanted === slot;
    if (isWanted) fit(columns, time.count);
    for (let i = 0; i < columns; i++) {
      const piece = input.piece();
      const into = scratch[i];
      if (isWanted && into) decodeColumn(piece, time.count, into);
    }
    if (isWanted) take(slot, { count: time.count, at: timesOf(time), columns: scratch });
  }
}

function fit(columns: number, count: number): void {
  if (scratch.length >= columns && (scratch[0]?.length ?? 0) >= count) return;
  const size = Math.max(256, 2 * count);
  scratch = Array.from({ length: Math.max(columns, scratch.length) }, () => new Float64Array(size));
}

function timesOf(time: Times): Float64Array {
  if (time.at) return time.at;
  const at = new Float64Array(time.count);
  decodeColumn(time.piece, time.count, at);
  time.at = at;
  return at;
}

export interface ByteWriter {
  byte(value: number): void;
  varint(value: number): void;
  /** Bytes behind their length. */
  piece(bytes: Uint8Array): void;
  bytes(): Uint8Array;
}

export function byteWriter(): ByteWriter {
  let bytes = new Uint8Array(4_096);
  let at = 0;
  const need = (more: number): void => {
    if (at + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, at + more));
    larger.set(bytes);
    bytes = larger;
  };
  const byte = (value: number): void => {
    need(1);
    bytes[at++] = value;
  };
  const varint = (value: number): void => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) byte((rest % 128) + 128);
    byte(rest);
  };
  return {
    byte,
    varint,
    piece: (piece) => {
      varint(piece.length);
      need(piece.length);
      bytes.set(piece, at);
      at += piece.length;
    },
    bytes: () => bytes.slice(0, at),
  };
}

interface ByteReader {
  byte(): number;
  varint(): number;
  piece(): Uint8Array;
  readonly isOver: boolean;
}

export function byteReader(bytes: Uint8Array): ByteReader {
  let at = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new RangeError("the block is cut off");
    return value;
  };
  const varint = (): number => {
    let sum = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = byte();
      sum += (next % 128) * scale;
      if (next < 128) return sum;
    }
  };
  return {
    byte,
    varint,
    piece: () => {
      const length = varint();
      if (at + length > bytes.length) throw new RangeError("the block is cut off");
      at += length;
      return bytes.subarray(at - length, at);
    },
    get isOver() {
      return at >= bytes.length;
    },
  };
}
