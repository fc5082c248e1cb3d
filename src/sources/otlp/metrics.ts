// Readings from the metrics of an OTLP request: numbers as they are, sums as rates, histograms apart.
import type { Reading } from "../../model/reading.ts";
import { keyOf, labelsIn } from "../../protocol/otlp/attributes.ts";
import { listAt } from "../../protocol/otlp/groups.ts";
import {
  type Data,
  type Group,
  type Metric,
  msOf,
  numberOf,
  type Point,
} from "../../protocol/otlp/request.ts";
import { histogramOf } from "../foreign/histogram.ts";
import { type Intake, isRefused, type Refused } from "../foreign/intake.ts";
import {
  type At,
  type Outcome,
  rateTrackOf,
  settle,
  takeChange,
  takeDelta,
  takeGauge,
  takeTotal,
  trackOf,
} from "../foreign/series.ts";
import { measureOf } from "../foreign/units.ts";
import { explicit, exponential, type Kept, number, summed } from "./points.ts";
import type { Whose } from "./whose.ts";

/** Series of one metric of one resource, by the key of their attributes. */
type Family = Map<string, Kept | Refused>;

/** One metric under way. */
interface Work {
  readonly metric: string;
  readonly unit: string;
  readonly whose: Whose;
  readonly family: Family;
  readonly into: Reading[];
}

/** Without a new point it says only that there is none: OTLP, `DataPointFlags`. */
const noValue = 1;
const [delta, cumulative] = [1, 2];

export interface MetricsTaker {
  take(groups: readonly Group<Metric>[], whoseOf: (attributes: unknown) => Whose): Reading[];
  /** Forgets which series is behind which attributes. */
  forget(): void;
}

export function createMetricsTaker(intake: Intake<Kept>, seriesMax: number): MetricsTaker {
  const families = new Map<string, Family>();
  let entries = 0;
  const forget = (): void => {
    families.clear();
    entries = 0;
  };
  const familyOf = (key: string): Family => {
    const known = families.get(key) ?? new Map<string, Kept | Refused>();
    families.set(key, known);
    return known;
  };
  const keep = (family: Family, key: string, kept: Kept | Refused): void => {
    // One of too many series is looked at again: there may be room by then.
    if (isRefused(kept) && kept.refused === "series limit") return;
    entries += 1;
    if (entries > seriesMax * 4) forget();
    else family.set(key, kept);
  };
  return {
    forget,
    take: (groups, whoseOf) => {
      const into: Reading[] = [];
      for (const { attributes, items } of groups) {
        const whose = whoseOf(attributes);
        for (const it of items) {
          const { name, unit } = it;
          if (typeof name !== "string" || name === "" || !intake.wanted(name)) continue;
          const family = familyOf(`${whose.key} ${name}`);
          const work = { metric: name, unit: String(unit ?? ""), whose, family, into };
          takeMetric(intake, it, work, keep);
        }
      }
      return into;
    },
  };
}

type Keep = (family: Family, key: string, kept: Kept | Refused) => void;

function takeMetric(intake: Intake<Kept>, it: Metric, work: Work, keep: Keep): void {
  const points = <P extends Point>(
    data: Data<P> | undefined,
    kind: Kind,
    take: (kept: Kept, point: P, at: At) => Outcome | "taken",
  ): void => {
    if (!data) return;
    for (const point of listAt<P>(data, "dataPoints")) {
      takePoint(intake, work, keep, kind, point, take);
    }
  };
  points(it.gauge, "value", (kept, point, at) => number(kept, point, at, takeGauge));
  if (it.sum) {
    const { isMonotonic, aggregationTemporality: how } = it.sum;
    const isDelta = numberOf(how) === delta;
    const grows = isMonotonic === true || isMonotonic === 1;
    const read = grows ? (isDelta ? takeDelta : takeTotal) : isDelta ? takeChange : takeGauge;
    points(it.sum, grows ? "rate" : "value", (kept, point, at) => number(kept, point, at, read));
  }
  const isDelta = (data: Data<Point>): boolean =>
    numberOf(data.aggregationTemporality ?? cumulative) === delta;
  const { histogram, exponentialHistogram: finer, summary } = it;
  points(histogram, "histogram", (kept, point, at) =>
    explicit(kept, point, at, isDelta(histogram ?? {}), work.into),
  );
  points(finer, "histogram", (kept, point, at) =>
    exponential(kept, point, at, isDelta(finer ?? {}), work.into),
  );
  points(summary, "histogram", (kept, point, at) => summed(kept, point, at, work.into));
}

type Kind = "value" | "rate" | "histogram";

function takePoint<P extends Point>(
  intake: Intake<Kept>,
  work: Work,
  keep: Keep,
  kind: Kind,
  point: P,
  take: (kept: Kept, point: P, at: At) => Outcome | "taken",
): void {
  const { tally } = intake;
  if (typeof point.flags === "number" && (point.flags & noValue) !== 0) return;
  const { whose, family, into } = work;
  if (whose.place === undefined) {
    tally.unmapped(whose.theirs);
    return;
  }
  const key = keyOf(point.attributes);
  const known = family.get(key);
  const kept = known ?? meet(intake, work, kind, point);
  if (!known) keep(family, key, kept);
  if (isRefused(kept)) {
    if (kept.refused) tally.refuse(kept.refused);
    return;
  }
  const at = intake.at(msOf(point.timeUnixNano), msOf(point.startTimeUnixNano));
  const outcome = typeof at === "string" ? at : take(kept, point, at);
  settle(tally, outcome, into);
}

function meet(
  intake: Intake<Kept>,
  { metric, unit, whose }: Work,
  kind: Kind,
  point: Point,
): Kept | Refused {
  const { place } = whose;
  if (!place) return { refused: undefined };
  const measure = measureOf(unit);
  const labels = labelsIn(point.attributes);
  // The names of a histogram's readings are made of its own.
  const name = kind === "rate" ? `${metric}.rate` : metric;
  return intake.series(kind, place, name, labels, (target, all, series) => {
    if (kind === "histogram") return histogramOf(target, metric, all, measure);
    return kind === "rate"
      ? rateTrackOf(target, series, measure)
      : trackOf(target, series, measure);
  });
}
