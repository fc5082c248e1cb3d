// The bytes of one tick: about ten a reading, and every number comes back as it was.
import type { Tick } from "./store.ts";

/** One reading as it is stored: its series is a number in the dictionary of the file. */
export interface Sample {
  readonly series: number;
  readonly value: number;
  readonly atMs: number;
  readonly note?: string;
}

export type TickHead = Pick<Tick, "atMs" | "afterSeq">;

const ownTime = 1;
const hasNote = 2;
/** 8 bytes of series and flags, value, time, and the length of a note. */
const mostBytes = 8 + 8 + 8 + 8;

/**
 * atMs f64 · afterSeq f64 · per sample: varint (series × 4 + flags) · value f64 · atMs f64 when it
 * differs from the one before · the note as JSON (lone surrogates survive) behind its varint length.
 */
export function encodeTick(head: TickHead, samples: readonly Sample[]): Uint8Array {
  return createTickEncoder<Sample>()(head, samples, ({ series }) => series);
}

type Value = Omit<Sample, "series">;

/** What it answers with is good until its next call: four times a second, nothing is made anew. */
export function createTickEncoder<T extends Value>(): (
  head: TickHead,
  values: readonly T[],
  seriesOf: (value: T) => number,
) => Uint8Array {
  let bytes = Buffer.alloc(1_024);
  let view = new DataView(bytes.buffer, bytes.byteOffset);
  const need = (size: number): void => {
    if (size <= bytes.length) return;
    bytes = Buffer.concat([bytes], Math.max(size, 2 * bytes.length));
    view = new DataView(bytes.buffer, bytes.byteOffset);
  };
  return (head, values, seriesOf) => {
    need(16 + mostBytes * values.length);
    view.setFloat64(0, head.atMs, true);
    view.setFloat64(8, head.afterSeq, true);
    let at = 16;
    let time = head.atMs;
    for (const it of values) {
      const note = it.note === undefined ? "" : JSON.stringify(it.note);
      need(at + mostBytes + 3 * note.length);
      const moved = !Object.is(it.atMs, time);
      const flags = (moved ? ownTime : 0) + (note ? hasNote : 0);
      at = writeVarint(bytes, seriesOf(it) * 4 + flags, at);
      view.setFloat64(at, it.value, true);
      at += 8;
      if (moved) {
        view.setFloat64(at, it.atMs, true);
        at += 8;
      }
      time = it.atMs;
      if (note === "") continue;
      at = writeVarint(bytes, Buffer.byteLength(note), at);
      at += bytes.write(note, at);
    }
    return bytes.subarray(0, at);
  };
}

/** @throws RangeError or SyntaxError when the bytes are not those of a tick. */
export function decodeTick(data: Uint8Array): { head: TickHead; samples: Sample[] } {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const head = { atMs: bytes.readDoubleLE(0), afterSeq: bytes.readDoubleLE(8) };
  const samples: Sample[] = [];
  let at = 16;
  let time = head.atMs;
  const double = (): number => {
    at += 8;
    return bytes.readDoubleLE(at - 8);
  };
  const varint = (): number => {
    let sum = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      sum += (byte % 128) * scale;
      if (byte < 128) return sum;
    }
  };
  while (at < bytes.length) {
    const flagged = varint();
    const value = double();
    if (flagged & ownTime) time = double();
    const sample = { series: Math.floor(flagged / 4), value, atMs: time };
    if (!(flagged & hasNote)) {
      samples.push(sample);
      continue;
    }
    const end = varint() + at;
    samples.push({ ...sample, note: JSON.parse(bytes.toString("utf8", at, end)) as string });
    at = end;
  }
  return { head, samples };
}

function writeVarint(bytes: Uint8Array, value: number, start: number): number {
  let rest = value;
  let at = start;
  while (rest >= 128) {
    bytes[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}
