// A metric: its series by label, no more than the bound, and what it shows at a scrape.
import type { Log } from "../../kernel/log.ts";
import { sampleNumber } from "../../protocol/metric-numbers.ts";
import type { Labels } from "../parts/metrics.ts";
import type { Family, FamilyType, Sample } from "./family.ts";
import { labelText } from "./labels.ts";
import type { Home, Kept } from "./series.ts";

export interface MetricSpec {
  /** As it is shown. */
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly unit?: string;
}

export interface Metric<Series extends Kept> extends Home<Series> {
  readonly spec: MetricSpec;
  /** The series without labels. */
  readonly bare: Series;
  family(): Family;
}

/**
 * Keeps up to `maxSeries` series with labels. What comes after shares one series with the label
 * `overflow="true"`, so that sums stay true; gauges cannot be summed and are not shown then.
 */
export function createMetric<Series extends Kept>(
  spec: MetricSpec,
  limits: { readonly maxSeries: number; readonly log: Log },
  make: (home: Home<Series>, labels: Labels) => Series,
): Metric<Series> {
  const labelled = new Map<string, Series>();
  let rest: Series | undefined;
  let refused = false;

  const overflow = (labels: string): Series => {
    if (rest) return rest;
    limits.log.warn("a metric has too many series; further ones are counted as one", {
      metric: spec.name,
      maxSeries: limits.maxSeries,
      labels,
    });
    rest = make(home, { overflow: "true" });
    return rest;
  };

  const home: Home<Series> = {
    series: (labels) => {
      const key = labelText(labels);
      if (key === "") return bare;
      const known = labelled.get(key);
      if (known) return known;
      if (labelled.size >= limits.maxSeries) return overflow(key);
      const made = make(home, labels);
      labelled.set(key, made);
      return made;
    },
    refuse: (value) => {
      if (refused) return;
      refused = true;
      const got = typeof value === "number" ? sampleNumber(value) : typeof value;
      limits.log.warn("a metric was told a number it cannot take; such are left out", {
        metric: spec.name,
        got,
      });
    },
  };
  const bare = make(home, {});

  const samples = (): readonly Sample[] => {
    const shown: Sample[] = [];
    // A metric that is used with labels has no series without, unless that one was told something.
    if (labelled.size === 0 || bare.told) shown.push(...bare.samples(""));
    for (const [labels, series] of labelled) shown.push(...series.samples(labels));
    if (rest && spec.type !== "gauge") shown.push(...rest.samples('overflow="true"'));
    return shown;
  };
  return { ...home, spec, bare, family: () => ({ ...spec, samples: samples() }) };
}
