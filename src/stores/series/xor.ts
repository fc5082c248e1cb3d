// Any numbers as bits: what of each differs from the one before, as in Gorilla (Pelkonen et al., VLDB 2015).
import type { BitReader, BitWriter } from "./bits.ts";

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
/** Which half of a double lies first in memory. */
const [high, low] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [1, 0] : [0, 1];
const leadMax = 31;

/** A repeated value takes 1 bit; one whose changed bits lie where those before did, 2 and these. */
export function putXor(
  writer: BitWriter,
  values: ArrayLike<number>,
  from: number,
  to: number,
): void {
  if (from >= to) return;
  let [lastHigh, lastLow] = split(values[from] ?? 0);
  writer.put(lastHigh, 32);
  writer.put(lastLow, 32);
  let lead = 64;
  let tail = 0;
  for (let at = from + 1; at < to; at++) {
    const [nextHigh, nextLow] = split(values[at] ?? 0);
    const top = (nextHigh ^ lastHigh) >>> 0;
    const bottom = (nextLow ^ lastLow) >>> 0;
    [lastHigh, lastLow] = [nextHigh, nextLow];
    if (top === 0 && bottom === 0) {
      writer.put(0, 1);
      continue;
    }
    const leads = Math.min(leadMax, top === 0 ? 32 + Math.clz32(bottom) : Math.clz32(top));
    const tails = bottom === 0 ? 32 + zerosAfter(top) : zerosAfter(bottom);
    if (leads >= lead && tails >= tail) writer.put(2, 2);
    else {
      [lead, tail] = [leads, tails];
      writer.put(3, 2);
      writer.put(lead, 5);
      writer.put(64 - lead - tail - 1, 6);
    }
    putMiddle(writer, top, bottom, lead, tail);
  }
}

export function takeXor(reader: BitReader, count: number, values: Float64Array): void {
  let [top, bottom] = [reader.take(32), reader.take(32)];
  values[0] = joined(top, bottom);
  let lead = 0;
  let tail = 0;
  for (let at = 1; at < count; at++) {
    if (reader.take(1) === 1) {
      if (reader.take(1) === 1) {
        lead = reader.take(5);
        tail = 64 - lead - (reader.take(6) + 1);
      }
      const highBits = Math.max(0, 32 - lead - Math.max(0, tail - 32));
      const lowBits = Math.max(0, 32 - tail - Math.max(0, lead - 32));
      if (highBits > 0) top = (top ^ (reader.take(highBits) << Math.max(0, tail - 32))) >>> 0;
      if (lowBits > 0) bottom = (bottom ^ (reader.take(lowBits) << tail)) >>> 0;
    }
    values[at] = joined(top, bottom);
  }
}

/** The bits between: those of the upper half first. `lead` is less than 32. */
function putMiddle(
  writer: BitWriter,
  top: number,
  bottom: number,
  lead: number,
  tail: number,
): void {
  const skipped = Math.max(0, tail - 32);
  const highBits = Math.max(0, 32 - lead - skipped);
  if (highBits > 0) writer.put(top >>> skipped, highBits);
  if (tail < 32) writer.put(bottom >>> tail, 32 - tail);
}

function split(value: number): readonly [number, number] {
  double[0] = value;
  return [halves[high] ?? 0, halves[low] ?? 0];
}

function joined(top: number, bottom: number): number {
  halves[high] = top;
  halves[low] = bottom;
  return double[0] ?? 0;
}

const zerosAfter = (half: number): number => 31 - Math.clz32(half & -half);
