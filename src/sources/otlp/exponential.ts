// Exponential histograms of OpenTelemetry: brought to one scale, and given the bounds of their buckets.
import { type ExponentialPoint, numberOf, numbersOf } from "../../protocol/otlp/request.ts";
import type { Counted } from "../foreign/histogram.ts";

/** Buckets whose bound `i` is `2^((offset + i) / 2^scale)`. */
export interface Exponential {
  readonly count: number;
  readonly sum: number | undefined;
  readonly scale: number;
  /** Counts of zero and, as no service takes less than no time, of what lies below it. */
  readonly zero: number;
  readonly offset: number;
  readonly counts: readonly number[];
}

/** More buckets than any sender has: its SDK merges them from 160 on. */
const bucketsMax = 4_096;

/** Undefined for what is no sound histogram. */
export function exponentialOf(point: ExponentialPoint): Exponential | undefined {
  const counts = numbersOf(point.positive?.bucketCounts);
  const below = numbersOf(point.negative?.bucketCounts);
  const scale = numberOf(point.scale ?? 0);
  const offset = numberOf(point.positive?.offset ?? 0);
  const zero = below.reduce((sum, count) => sum + count, numberOf(point.zeroCount ?? 0));
  const sum = point.sum === undefined || point.sum === null ? undefined : numberOf(point.sum);
  const isSound =
    counts.length <= bucketsMax &&
    Number.isInteger(scale) &&
    Math.abs(scale) <= 20 &&
    Number.isSafeInteger(offset) &&
    Math.abs(offset) <= 2 ** 31 &&
    [...counts, zero].every((count) => count >= 0);
  return isSound
    ? { count: numberOf(point.count ?? 0), sum, scale, zero, offset, counts }
    : undefined;
}

/** What was counted since `last`; undefined when `last` is of a finer scale or does not fit: it began anew. */
export function since(now: Exponential, last: Exponential): Exponential | undefined {
  if (now.scale > last.scale || now.count < last.count) return undefined;
  const before = coarser(last, now.scale);
  const counts = now.counts.map(
    (count, i) => count - (before.counts[i + now.offset - before.offset] ?? 0),
  );
  const zero = now.zero - before.zero;
  if (zero < 0 || counts.some((count) => count < 0)) return undefined;
  const sum = now.sum === undefined || last.sum === undefined ? undefined : now.sum - last.sum;
  return { ...now, count: now.count - last.count, sum, zero, counts };
}

/** The same counts in buckets of a lower scale: each step joins two. */
export function coarser(of: Exponential, scale: number): Exponential {
  if (scale === of.scale) return of;
  const joined = 2 ** (of.scale - scale);
  const offset = Math.floor(of.offset / joined);
  const counts: number[] = [];
  for (const [i, count] of of.counts.entries()) {
    const at = Math.floor((of.offset + i) / joined) - offset;
    counts[at] = (counts[at] ?? 0) + count;
  }
  return { ...of, scale, offset, counts: Array.from(counts, (count) => count ?? 0) };
}

/** With bounds, as other histograms have them. */
export function countedOf({ count, sum, scale, zero, offset, counts }: Exponential): Counted {
  const step = 2 ** -scale;
  const bounds = [0, ...counts.map((_, i) => 2 ** ((offset + i + 1) * step))];
  // Between zero and the first bucket lies nothing: its lower bound keeps it from reaching down.
  const first = 2 ** (offset * step);
  return {
    ...{ count, sum },
    bounds: [0, first, ...bounds.slice(1)],
    counts: [zero, 0, ...counts, 0],
  };
}
