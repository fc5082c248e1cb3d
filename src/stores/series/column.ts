// A list of numbers in few bytes, each of which comes back to the last bit.
import { bitReader, bitWriter } from "./bits.ts";
import { putWholes, takeWholes } from "./wholes.ts";
import { putXor, takeXor } from "./xor.ts";

/*
 * Values that are whole after a shift of the decimal point are written as whole numbers (the idea of
 * ALP: Afroozeh, Kuffó, Boncz, "ALP: Adaptive Lossless floating-Point Compression", SIGMOD 2023);
 * all other values as in Gorilla (Pelkonen et al., VLDB 2015).
 */

const same = 0;
const whole = 1;
const xor = 2;

const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
/** The scale after those: whole pages of memory. */
const pages = powers.length;
const pageBytes = 4_096;
/** Differences of differences of what is below stay whole in a double. */
const wholeMax = 2 ** 50;

const writer = bitWriter();
const reader = bitReader();
let wholes = new Float64Array(256);
/** Most columns of a service at rest are of one value. */
const one = new Uint8Array(9);
const oneView = new DataView(one.buffer);

/** Bytes of `values` from `from` on and before `to`; good until the next call. */
export function encodeColumn(values: ArrayLike<number>, from: number, to: number): Uint8Array {
  if (isSame(values, from, to)) {
    one[0] = same;
    oneView.setFloat64(1, values[from] ?? 0);
    return one;
  }
  writer.clear();
  if (to - from > wholes.length) wholes = new Float64Array(2 * (to - from));
  const scale = shift(values, from, to);
  if (scale < 0) {
    writer.put(xor, 8);
    putXor(writer, values, from, to);
  } else {
    writer.put(whole + scale * 4, 8);
    putWholes(writer, wholes, to - from);
  }
  return writer.bytes();
}

/** The first `count` of `into`. @throws RangeError when the bytes are not of a column of so many */
export function decodeColumn(bytes: Uint8Array, count: number, into: Float64Array): void {
  if (count === 0) return;
  const head = bytes[0] ?? 3;
  const kind = head % 4;
  const scale = head >> 2;
  if (kind === same) into.fill(viewOf(bytes).getFloat64(1), 0, count);
  else if (kind > xor) throw new RangeError("a column of a kind that is not known");
  else {
    reader.begin(bytes, 1);
    if (kind === xor) takeXor(reader, count, into);
    else takeWholes(reader, count, into);
  }
  if (kind !== whole || scale === 0) return;
  const power = powers[scale] ?? 1;
  for (let i = 0; i < count; i++) {
    into[i] = scale === pages ? (into[i] ?? 0) * pageBytes : (into[i] ?? 0) / power;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function isSame(values: ArrayLike<number>, from: number, to: number): boolean {
  const first = values[from] ?? 0;
  for (let at = from + 1; at < to; at++) if (!Object.is(values[at], first)) return false;
  return true;
}

/** Fills `wholes` and says by which scale; -1 when there is none by which all of them are whole. */
function shift(values: ArrayLike<number>, from: number, to: number): number {
  let scale = 0;
  let isPages = true;
  for (let at = from; at < to; at++) {
    const value = values[at] ?? 0;
    while (!isWhole(value, powers[scale] ?? 0)) {
      scale += 1;
      if (scale === powers.length) return -1;
    }
    isPages &&= value % pageBytes === 0;
  }
  const power = powers[scale] ?? 1;
  for (let at = from; at < to; at++) {
    const value = values[at] ?? 0;
    const it = isPages ? value / pageBytes : Math.round(value * power);
    // What was whole by a smaller scale may be too large for this one.
    if (!isPages && !isWhole(value, power)) return -1;
    wholes[at - from] = it;
  }
  return isPages ? pages : scale;
}

function isWhole(value: number, power: number): boolean {
  const it = Math.round(value * power);
  return it / power === value && it < wholeMax && it > -wholeMax && !(it === 0 && 1 / value < 0);
}
