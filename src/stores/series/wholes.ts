// Whole numbers as bits: by their differences, each of which is zero, small or large.
import type { BitReader, BitWriter } from "./bits.ts";

const mostBits = 54;
/** How many differences have so many bits: of the first order, and of the second. */
const first = new Uint32Array(mostBits + 1);
const second = new Uint32Array(mostBits + 1);

/**
 * Order 1, or 2 where that takes less: differences of differences, as the times of Gorilla (VLDB
 * 2015). A zero takes 1 bit, any other 2 and as many as are said before: `small`, or `large`.
 */
export function putWholes(writer: BitWriter, values: Float64Array, count: number): void {
  measure(values, count);
  const [one, two] = [costOf(first), costOf(second)];
  const isSecond = two.bits < one.bits;
  const { small, large } = isSecond ? two : one;
  writer.put(isSecond ? 1 : 0, 1);
  writer.put(small, 6);
  writer.put(large, 6);
  writer.put(folded(values[0] ?? 0), mostBits);
  let last = values[0] ?? 0;
  let step = 0;
  for (let at = 1; at < count; at++) {
    const value = values[at] ?? 0;
    const moved = value - last;
    const it = folded(isSecond ? moved - step : moved);
    step = moved;
    last = value;
    if (it === 0) writer.put(0, 1);
    else if (lengthOf(it) <= small) {
      writer.put(2, 2);
      writer.put(it, small);
    } else {
      writer.put(3, 2);
      writer.put(it, large);
    }
  }
}

export function takeWholes(reader: BitReader, count: number, values: Float64Array): void {
  const isSecond = reader.take(1) === 1;
  const small = reader.take(6);
  const large = reader.take(6);
  let value = unfolded(reader.take(mostBits));
  let step = 0;
  values[0] = value;
  for (let at = 1; at < count; at++) {
    let it = 0;
    if (reader.take(1) === 1) it = unfolded(reader.take(reader.take(1) === 0 ? small : large));
    step = isSecond ? step + it : it;
    value += step;
    values[at] = value;
  }
}

function measure(values: Float64Array, count: number): void {
  first.fill(0);
  second.fill(0);
  let last = values[0] ?? 0;
  let step = 0;
  for (let at = 1; at < count; at++) {
    const value = values[at] ?? 0;
    const moved = value - last;
    const [one, two] = [lengthOf(folded(moved)), lengthOf(folded(moved - step))];
    first[one] = (first[one] ?? 0) + 1;
    second[two] = (second[two] ?? 0) + 1;
    step = moved;
    last = value;
  }
}

/** The best border between small and large. */
function costOf(counts: Uint32Array): { bits: number; small: number; large: number } {
  let large = 0;
  let moved = 0;
  for (let length = 1; length <= mostBits; length++) {
    const count = counts[length] ?? 0;
    if (count > 0) large = length;
    moved += count;
  }
  let best = { bits: moved * (2 + large), small: large, large };
  let below = 0;
  for (let small = 1; small < large; small++) {
    below += counts[small] ?? 0;
    const bits = below * (2 + small) + (moved - below) * (2 + large);
    if (bits < best.bits) best = { bits, small, large };
  }
  return { ...best, bits: best.bits + (counts[0] ?? 0) };
}

/** 0, -1, 1, -2 … as 0, 1, 2, 3 … */
const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

const unfolded = (it: number): number => (it % 2 === 0 ? it / 2 : -(it + 1) / 2);

const lengthOf = (it: number): number =>
  it < 2 ** 32 ? 32 - Math.clz32(it) : 64 - Math.clz32(it / 2 ** 32);
