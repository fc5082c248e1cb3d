// A line through evenly spaced points that outliers do not turn, and how sure its slope is.

import { select } from "./select.ts";

/** Per point; the values are those at the last place. */
export interface Trend {
  readonly slope: number;
  /** Of nine slopes in ten that such points come from, the least and the greatest. */
  readonly low: number;
  readonly high: number;
  /** Mann and Kendall's: over 2 rises, under -2 falls; 0 for no trend. */
  readonly z: number;
  /** Where the line is at the last place. */
  readonly level: number;
}

/** Points that repeat their neighbours tell less: at most as little as this says. */
const memoryMax = 0.8;
/** Fewer are no trend. */
const pointsLeast = 8;
/** Room for the slopes of all pairs of 48 points; nothing in it outlives a call. */
const slopes = new Float64Array((48 * 47) / 2);
/** Two-sided, 90 %. */
const quantile = 1.645;

/**
 * Theil and Sen's slope, the interval of Sen (1968), and the test of Mann (1945) and Kendall, whose
 * variance grows with what the points remember of each other, as Yue and Wang (2004) have it.
 * `values` are in time's order, at most 48; NaN is a place without a point.
 */
export function trendOf(values: readonly number[]): Trend | undefined {
  let [sum, n, pairs] = [0, 0, 0];
  const end = values.length - 1;
  for (let j = 0; j <= end; j++) {
    const later = values[j] ?? Number.NaN;
    if (Number.isNaN(later)) continue;
    n++;
    for (let i = 0; i < j; i++) {
      const rise = later - (values[i] ?? Number.NaN);
      if (Number.isNaN(rise)) continue;
      slopes[pairs++] = rise / (j - i);
      if (rise > 0) sum++;
      else if (rise < 0) sum--;
    }
  }
  if (n < pointsLeast) return undefined;
  const at = (share: number): number => select(slopes, pairs, Math.round(share * (pairs - 1)));
  const slope = at(0.5);
  const left = values.map((value, i) => value - slope * (i - end));
  const level = median(left, n);
  const memory = memoryOf(left, level);
  const spread = Math.sqrt(((n * (n - 1) * (2 * n + 5)) / 18) * ((1 + memory) / (1 - memory)));
  const off = Math.min(0.5, (quantile * spread) / 2 / pairs);
  const z = (sum - Math.sign(sum)) / spread;
  return { slope, level, z, low: at(0.5 - off), high: at(0.5 + off) };
}

function median(values: readonly number[], n: number): number {
  const all = Float64Array.from(values.filter((it) => !Number.isNaN(it)));
  return select(all, n, (n - 1) >> 1);
}

/** Whether the points rise at all, before anything is asked of how sure that is: cheap. */
export function isRising(values: readonly number[], z: number): boolean {
  let [sum, n] = [0, 0];
  for (let j = 0; j < values.length; j++) {
    const later = values[j] ?? Number.NaN;
    if (Number.isNaN(later)) continue;
    n++;
    for (let i = 0; i < j; i++) {
      const rise = later - (values[i] ?? Number.NaN);
      if (rise > 0) sum++;
      else if (rise < 0) sum--;
    }
  }
  return n >= pointsLeast && sum > z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}

/** How much of what a point leaves over its neighbour had left too, from 0. */
function memoryOf(left: readonly number[], level: number): number {
  let [both, own] = [0, 0];
  for (let i = 0; i < left.length; i++) {
    const it = (left[i] ?? Number.NaN) - level;
    if (Number.isNaN(it)) continue;
    own += it * it;
    const before = (left[i - 1] ?? Number.NaN) - level;
    if (!Number.isNaN(before)) both += it * before;
  }
  return own === 0 ? 0 : Math.min(memoryMax, Math.max(0, both / own));
}
