// What a total that only grows came to: one that fell has begun anew.

import type { Stretch } from "./series-store.ts";
import { stretchOfPoints } from "./stretch.ts";

/**
 * So much a second between each two points, as of Prometheus' `rate` without its guess at the edges:
 * a total that fell was reset, and all of what it now has is new. Nothing is told of a gap of more
 * than `gapMs`.
 */
export function ratesOf({ at, last }: Stretch, gapMs: number): Stretch {
  const times: number[] = [];
  const rates: number[] = [];
  for (let i = 1; i < at.length; i++) {
    const [toMs, to, from] = [at[i] ?? 0, last[i] ?? 0, last[i - 1] ?? 0];
    const tookMs = toMs - (at[i - 1] ?? 0);
    if (tookMs <= 0 || tookMs > gapMs) continue;
    times.push(toMs);
    rates.push(((to < from ? to : to - from) * 1_000) / tookMs);
  }
  return stretchOfPoints(times, rates);
}
