// Histograms of others as readings: how many a second, their mean, and quantiles inside buckets.
import type { Reading } from "../../model/reading.ts";
import { type Labels, seriesName } from "../../model/series.ts";
import type { Target } from "../../model/target.ts";
import { type At, orderOf } from "./series.ts";
import type { Loss } from "./tally.ts";
import type { Measure } from "./units.ts";

/** Counts by bucket: `counts[i]` lie above `bounds[i - 1]` and up to `bounds[i]`; the last above all. */
export interface Counted {
  readonly count: number;
  /** Absent where negative values were measured, and by those who leave it out. */
  readonly sum: number | undefined;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

const quantiles = [
  [0.5, "p50"],
  [0.95, "p95"],
  [0.99, "p99"],
] as const;

export interface Histogram {
  readonly target: Target;
  readonly names: Readonly<Record<"rate" | "mean" | "p50" | "p95" | "p99", string>>;
  readonly measure: Measure;
  lastMs: number;
  startMs: number;
  last: Counted | undefined;
}

export function histogramOf(
  target: Target,
  metric: string,
  labels: Labels,
  measure: Measure,
): Histogram {
  const name = (part: string): string => seriesName(`${metric}.${part}`, labels);
  const names = {
    rate: name("rate"),
    mean: name("mean"),
    p50: name("p50"),
    p95: name("p95"),
    p99: name("p99"),
  };
  const never = Number.NEGATIVE_INFINITY;
  return { target, names, measure, lastMs: never, startMs: Number.NaN, last: undefined };
}

/** All that was counted since its start; the first point is only what the next is compared with. */
export function takeCounted(
  of: Histogram,
  now: Counted,
  at: At,
  into: Reading[],
): Loss | undefined {
  const loss = orderOf(of.lastMs, at.unixMs);
  if (loss) return loss;
  const { last, lastMs } = of;
  const isAnew = last !== undefined && (now.count < last.count || at.startMs > of.startMs);
  of.last = now;
  of.lastMs = at.unixMs;
  of.startMs = at.startMs;
  if (last === undefined) return undefined;
  if (isAnew) {
    tell(of, now, at.startMs > lastMs ? at.startMs : lastMs, at, into);
    return undefined;
  }
  const change = difference(now, last);
  // Other buckets than before cannot be compared: the next point can.
  if (change) tell(of, change, lastMs, at, into);
  return undefined;
}

/** What was counted since the point before, or since the start that the point says. */
export function takeCounts(
  of: Histogram,
  counted: Counted,
  at: At,
  into: Reading[],
): Loss | undefined {
  const loss = orderOf(of.lastMs, at.unixMs);
  if (loss) return loss;
  const fromMs = at.startMs < at.unixMs ? at.startMs : of.lastMs;
  of.lastMs = at.unixMs;
  tell(of, counted, fromMs, at, into);
  return undefined;
}

function difference(now: Counted, last: Counted): Counted | undefined {
  const { bounds } = now;
  if (bounds.length !== last.bounds.length || now.counts.length !== last.counts.length) {
    return undefined;
  }
  if (bounds.some((bound, i) => bound !== last.bounds[i])) return undefined;
  const sum = now.sum === undefined || last.sum === undefined ? undefined : now.sum - last.sum;
  const counts = now.counts.map((count, i) => count - (last.counts[i] ?? 0));
  if (counts.some((count) => count < 0)) return undefined;
  return { count: now.count - last.count, sum, bounds, counts };
}

/** Without a count there is neither a mean nor a quantile: no data is not zero. */
function tell(of: Histogram, counted: Counted, fromMs: number, at: At, into: Reading[]): void {
  const { target, names, measure } = of;
  const { unit, scale } = measure;
  const { atMs } = at;
  const elapsedMs = at.unixMs - fromMs;
  const { count, sum, bounds, counts } = counted;
  if (elapsedMs > 0 && elapsedMs !== Number.POSITIVE_INFINITY) {
    const value = (count * 1_000) / elapsedMs;
    into.push({ target, metric: names.rate, value, unit: "per_s", atMs });
  }
  if (!(count > 0)) return;
  if (sum !== undefined && Number.isFinite(sum)) {
    into.push({ target, metric: names.mean, value: (sum / count) * scale, unit, atMs });
  }
  for (const [q, name] of quantiles) {
    const value = quantileIn(bounds, counts, q);
    if (value !== undefined) {
      into.push({ target, metric: names[name], value: value * scale, unit, atMs });
    }
  }
}

/**
 * The value below which the share `q` of the counts lies, by linear interpolation inside its bucket;
 * the highest bound when it lies above all. Source: `histogram_quantile` of Prometheus.
 */
export function quantileIn(
  bounds: readonly number[],
  counts: readonly number[],
  q: number,
): number | undefined {
  let total = 0;
  for (const count of counts) total += count;
  if (!(total > 0) || bounds.length === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    const [upper = 0, count = 0] = [bounds[i], counts[i]];
    if (count > 0 && below + count >= rank) {
      // The lowest bucket reaches down to zero, or is as good as its bound.
      const lower = i > 0 ? (bounds[i - 1] ?? 0) : Math.min(0, upper);
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1);
}
