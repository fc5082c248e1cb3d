// Points to try a series model with: usual ones, a shift, and what no source should send.
import { seeded } from "./seeded.ts";

export type Point = readonly [atMs: number, value: number];

export const stepMs = 600_000;
/** A Monday. */
const beginMs = Date.UTC(2026, 0, 5);

/** Days around 100, with noise of 1. */
export function usual(count: number, seed = 7): readonly Point[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => {
    const noise = (random() + random() + random() - 1.5) * 2;
    return [beginMs + i * stepMs, 100 + 5 * Math.sin((i * Math.PI) / 72) + noise];
  });
}

/** The same, and half a day at 160. */
export function shifted(after: number): readonly Point[] {
  return usual(after + 72).map(([atMs, value], i) =>
    i < after ? [atMs, value] : [atMs, value + 60],
  );
}

/** Gaps, steps of all lengths, times out of order, and numbers of all sizes. */
export function wild(count: number): readonly Point[] {
  const random = seeded(11);
  const odd = [0, -0, 1e-300, -1e100, 1e100, Number.MIN_VALUE, -1, 1e9];
  const steps = [-stepMs, 0, 1, 1_000, stepMs, stepMs, stepMs, 3 * stepMs, 40 * 86_400_000];
  let atMs = beginMs;
  return Array.from({ length: count }, () => {
    atMs += steps[Math.floor(random() * steps.length)] ?? 0;
    const value = random() < 0.1 ? (odd[Math.floor(random() * odd.length)] ?? 0) : random() * 10;
    return [atMs, value];
  });
}
