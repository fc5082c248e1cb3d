// The points of OTLP metrics, each taken in by the rule of its kind.
import type { Reading } from "../../model/reading.ts";
import { listAt } from "../../protocol/otlp/groups.ts";
import {
  type ExponentialPoint,
  type HistogramPoint,
  type NumberPoint,
  numberOf,
  numbersOf,
  type SummaryPoint,
} from "../../protocol/otlp/request.ts";
import { type Counted, type Histogram, takeCounted, takeCounts } from "../foreign/histogram.ts";
import type { At, Outcome, Track } from "../foreign/series.ts";
import { countedOf, type Exponential, exponentialOf, since } from "./exponential.ts";

/** What is kept of a series; `finer` is the last point of an exponential histogram. */
export type Kept = Track | (Histogram & { finer?: Exponential });

type Read = (track: Track, value: number, at: At) => Outcome;

export function number(kept: Kept, { asDouble, asInt }: NumberPoint, at: At, read: Read): Outcome {
  const value = numberOf(asDouble ?? asInt);
  if (!Number.isFinite(value) || "names" in kept) return "value";
  return read(kept, value, at);
}

export function explicit(
  kept: Kept,
  point: HistogramPoint,
  at: At,
  isDelta: boolean,
  into: Reading[],
): Outcome | "taken" {
  const counted: Counted = {
    count: numberOf(point.count),
    sum: point.sum === undefined || point.sum === null ? undefined : numberOf(point.sum),
    bounds: numbersOf(point.explicitBounds),
    counts: numbersOf(point.bucketCounts),
  };
  if (!("names" in kept) || !isSound(counted)) return "value";
  return (isDelta ? takeCounts : takeCounted)(kept, counted, at, into) ?? "taken";
}

/** A bucket more than bounds, or none of both: OTLP, `HistogramDataPoint`. */
function isSound({ count, bounds, counts }: Counted): boolean {
  if (!(count >= 0)) return false;
  if (counts.length !== (bounds.length === 0 ? counts.length : bounds.length + 1)) return false;
  return bounds.every((bound, i) => bound > (bounds[i - 1] ?? Number.NEGATIVE_INFINITY));
}

export function exponential(
  kept: Kept,
  point: ExponentialPoint,
  at: At,
  isDelta: boolean,
  into: Reading[],
): Outcome | "taken" {
  const now = exponentialOf(point);
  if (!("names" in kept) || now === undefined || !(now.count >= 0)) return "value";
  if (isDelta) return takeCounts(kept, countedOf(now), at, into) ?? "taken";
  const { finer, startMs, lastMs } = kept;
  const isSame = finer !== undefined && !(at.startMs > startMs);
  const change = isSame ? since(now, finer) : undefined;
  const fromMs = change || !(at.startMs > lastMs) ? lastMs : at.startMs;
  if (at.unixMs <= lastMs) return at.unixMs === lastMs ? "duplicate" : "out of order";
  const isFirst = finer === undefined;
  kept.finer = now;
  kept.startMs = at.startMs;
  if (isFirst) {
    kept.lastMs = at.unixMs;
    return "taken";
  }
  return takeCounts(kept, countedOf(change ?? now), { ...at, startMs: fromMs }, into) ?? "taken";
}

type Quantile = NonNullable<SummaryPoint["quantileValues"]>[number];

/** Its quantiles are of the sender's making; count and sum grow as those of a histogram do. */
export function summed(
  kept: Kept,
  point: SummaryPoint,
  at: At,
  into: Reading[],
): Outcome | "taken" {
  if (!("names" in kept)) return "value";
  const [count, sum] = [numberOf(point.count), numberOf(point.sum)];
  if (!(count >= 0)) return "value";
  const loss = takeCounted(kept, { count, sum, bounds: [], counts: [] }, at, into);
  if (loss) return loss;
  const { target, names, measure } = kept;
  for (const { quantile, value } of listAt<Quantile>(point, "quantileValues")) {
    const name = names[`p${numberOf(quantile) * 100}` as "p50"];
    const said = numberOf(value) * measure.scale;
    if (name === undefined || !Number.isFinite(said)) continue;
    into.push({ target, metric: name, value: said, unit: measure.unit, atMs: at.atMs });
  }
  return "taken";
}
