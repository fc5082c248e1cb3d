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
  const notes = samples.map(({ note }) => (note === undefined ? "" : JSON.stringify(note)));
  const noteBytes = notes.reduce((sum, note) => sum + 3 * note.length, 0);
  const bytes = Buffer.alloc(16 + mostBytes * samples.length + noteBytes);
  let at = bytes.writeDoubleLE(head.atMs, 0);
  at = bytes.writeDoubleLE(head.afterSeq, at);
  let time = head.atMs;
  for (const [index, { series, value, atMs }] of samples.entries()) {
    const note = notes[index] ?? "";
    const moved = !Object.is(atMs, time);
    at = writeVarint(bytes, series * 4 + (moved ? ownTime : 0) + (note ? hasNote : 0), at);
    at = bytes.writeDoubleLE(value, at);
    if (moved) at = bytes.writeDoubleLE(atMs, at);
    time = atMs;
    if (note === "") continue;
    at = writeVarint(bytes, Buffer.byteLength(note), at);
    at += bytes.write(note, at);
  }
  return bytes.subarray(0, at);
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

function writeVarint(bytes: Buffer, value: number, start: number): number {
  let rest = value;
  let at = start;
  while (rest >= 128) {
    at = bytes.writeUInt8((rest % 128) + 128, at);
    rest = Math.floor(rest / 128);
  }
  return bytes.writeUInt8(rest, at);
}
