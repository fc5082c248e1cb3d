// Reads the pieces that Protocol Buffers are made of, from bytes that may hold anything.
import { HomeostatError } from "../../kernel/errors.ts";

/** Where a reader is in a message. Moved in place: a request has some hundred thousand pieces. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
  end: number;
  /** Messages that may still come: an empty one takes two bytes here, and fifty times that as an object. */
  left: number;
}

export function cursorOf(bytes: Buffer, messagesMax = 500_000): Cursor {
  return { bytes, at: 0, end: bytes.length, left: messagesMax };
}

export function broken(at: number, why: string): never {
  throw new HomeostatError("WIRE_SHAPE", `protobuf, byte ${at}: ${why}`);
}

/**
 * An unsigned varint of up to 64 bits; exact up to 2^53, and the nearest double beyond.
 * @throws WIRE_SHAPE when it does not end
 */
export function varint(it: Cursor): number {
  const { bytes } = it;
  let low = 0;
  let scale = 1;
  for (let i = 0; i < 10; i++) {
    if (it.at >= it.end) broken(it.at, "a number that goes on after the end");
    const byte = bytes[it.at] ?? 0;
    it.at += 1;
    if (byte < 0x80) return low + byte * scale;
    low += (byte & 0x7f) * scale;
    scale *= 128;
  }
  return broken(it.at, "a number longer than 10 bytes");
}

/** As `int64` and `int32` are written: negative numbers as 64 bits in two's complement. */
export function signed(it: Cursor): number {
  const from = it.at;
  const value = varint(it);
  if (value < 2 ** 63) return value;
  // A double has lost the low bits of it: what is left to zero is counted apart.
  let missing = 0n;
  let shift = 0n;
  for (let at = from; at < it.at; at++) {
    missing |= BigInt((it.bytes[at] ?? 0) & 0x7f) << shift;
    shift += 7n;
  }
  return Number(BigInt.asIntN(64, missing));
}

export function zigzag(it: Cursor): number {
  const value = varint(it);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

export function fixed64(it: Cursor): number {
  const low = word(it);
  return word(it) * 4_294_967_296 + low;
}

/** Two's complement; the nearest double beyond 2^53. */
export function signed64(it: Cursor): number {
  const low = word(it);
  return (word(it) | 0) * 4_294_967_296 + low;
}

function word(it: Cursor): number {
  const { bytes, at } = it;
  if (at + 4 > it.end) broken(at, "a fixed number that goes on after the end");
  it.at = at + 4;
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return low + (bytes[at + 3] ?? 0) * 16_777_216;
}

const eight = new DataView(new ArrayBuffer(8));

export function double(it: Cursor): number {
  eight.setUint32(0, word(it), true);
  eight.setUint32(4, word(it), true);
  return eight.getFloat64(0, true);
}

/** Moves the end to that of the piece that begins here; answers what it has to be set back to. */
export function enter(it: Cursor): number {
  const length = varint(it);
  const outer = it.end;
  if (length > outer - it.at)
    broken(it.at, `a piece of ${length} bytes, ${outer - it.at} are left`);
  it.end = it.at + length;
  return outer;
}

export function text(it: Cursor): string {
  const outer = enter(it);
  const value = it.bytes.toString("utf8", it.at, it.end);
  it.at = it.end;
  it.end = outer;
  return value;
}

/** Passes over a field of a kind that is not asked for. */
export function skip(it: Cursor, wire: number): void {
  if (wire === 0) varint(it);
  else if (wire === 1) pass(it, 8);
  else if (wire === 2) pass(it, varint(it));
  else if (wire === 5) pass(it, 4);
  else broken(it.at, `wire type ${wire}`);
}

function pass(it: Cursor, count: number): void {
  if (count > it.end - it.at) broken(it.at, `${count} bytes, ${it.end - it.at} are left`);
  it.at += count;
}
