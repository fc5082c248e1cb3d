// Stretches of points and buckets: made, joined, and rolled up into longer buckets.

import type { Stretch } from "./series-store.ts";
import { significant } from "./significant.ts";

/** Digits of a sum that are kept: what floats add to it takes more room than all else. */
export const sumDigits = 9;

export function emptyStretch(): Stretch {
  return { at: [], count: [], min: [], max: [], sum: [], last: [] };
}

/** Single points; the four figures of a point are the same list. */
export function stretchOfPoints(at: number[], values: number[]): Stretch {
  const count = new Array<number>(at.length).fill(1);
  return { at, count, min: values, max: values, sum: values, last: values };
}

/** By time; what came later wins over a point of the same moment. */
export function pointsInOrder(at: number[], values: number[]): Stretch {
  if (isInOrder(at)) return stretchOfPoints(at, values);
  const byTime = new Map(at.map((it, i) => [it, values[i] ?? 0]));
  const inOrder = [...byTime.keys()].toSorted((a, b) => a - b);
  return stretchOfPoints(
    inOrder,
    inOrder.map((it) => byTime.get(it) ?? 0),
  );
}

function isInOrder(at: readonly number[]): boolean {
  for (let i = 1; i < at.length; i++) if ((at[i] ?? 0) <= (at[i - 1] ?? 0)) return false;
  return true;
}

/** From `fromMs` on and before `toMs`. */
export function cutStretch(stretch: Stretch, fromMs: number, toMs: number): Stretch {
  const { at } = stretch;
  const low = at.findIndex((it) => it >= fromMs);
  if (low < 0) return emptyStretch();
  let high = at.length;
  while (high > low && (at[high - 1] ?? 0) >= toMs) high -= 1;
  if (low === 0 && high === at.length) return stretch;
  const cut = (list: number[]): number[] => list.slice(low, high);
  const { count, min, max, sum, last } = stretch;
  return {
    at: cut(at),
    count: cut(count),
    min: cut(min),
    max: cut(max),
    sum: cut(sum),
    last: cut(last),
  };
}

/** Buckets of `stepMs`, which begin at whole multiples of it since 1970; empty ones are left out. */
export function rollUp(stretch: Stretch, stepMs: number): Stretch {
  const { at, count, min, max, sum, last } = stretch;
  const made = emptyStretch();
  for (let i = 0; i < at.length; ) {
    const startMs = Math.floor((at[i] ?? 0) / stepMs) * stepMs;
    let [all, low, high, total] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    do {
      all += count[i] ?? 0;
      total += sum[i] ?? 0;
      const [smallest, largest] = [min[i] ?? 0, max[i] ?? 0];
      if (smallest < low) low = smallest;
      if (largest > high) high = largest;
      i += 1;
    } while (i < at.length && (at[i] ?? 0) < startMs + stepMs);
    made.at.push(startMs);
    made.count.push(all);
    made.min.push(low);
    made.max.push(high);
    made.sum.push(significant(total, sumDigits));
    made.last.push(last[i - 1] ?? 0);
  }
  return made;
}

/** `after` follows on `before`; where they meet in one bucket, it is made one. */
export function joined(before: Stretch, after: Stretch, stepMs: number): Stretch {
  if (before.at.length === 0) return after;
  if (after.at.length === 0) return before;
  const both = {
    at: [...before.at, ...after.at],
    count: [...before.count, ...after.count],
    min: [...before.min, ...after.min],
    max: [...before.max, ...after.max],
    sum: [...before.sum, ...after.sum],
    last: [...before.last, ...after.last],
  };
  const isApart = (after.at[0] ?? 0) > (before.at.at(-1) ?? 0);
  return isApart ? both : inOrder(both, stepMs);
}

/** By time; buckets of one time are made one. */
export function inOrder(stretch: Stretch, stepMs: number): Stretch {
  const order = Array.from(stretch.at, (_, i) => i).toSorted(
    (a, b) => (stretch.at[a] ?? 0) - (stretch.at[b] ?? 0),
  );
  const by = (list: readonly number[]): number[] => order.map((i) => list[i] ?? 0);
  const { at, count, min, max, sum, last } = stretch;
  const sorted = { at: by(at), count: by(count), min: by(min) };
  return rollUp({ ...sorted, max: by(max), sum: by(sum), last: by(last) }, stepMs);
}
