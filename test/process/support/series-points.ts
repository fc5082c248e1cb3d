// Series of a test whose every point is known: what they are called, and what each has at each second.
import type { SeriesName } from "../../../src/stores/series/series-store.ts";

export const firstMs: number = 20_000 * 86_400_000;

/** More than one shard holds. */
export const writtenSeries: readonly SeriesName[] = Array.from({ length: 70 }, (_, n) => ({
  target: `web/${n}`,
  metric: "m",
  unit: "count",
}));

/** Some that never change, some that count, some with noise. */
export function pointOf(n: number, second: number): number {
  if (n % 3 === 0) return n;
  if (n % 3 === 1) return second * n;
  return ((second * 7_919 + n * 104_729) % 1_000) / 7;
}
