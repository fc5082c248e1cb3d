// Which metrics there are: each name once, with one type, no more than the bound.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Labels, MetricOptions } from "../parts/metrics.ts";
import type { Family, FamilyType } from "./family.ts";
import { createMetric, type Metric, type MetricSpec } from "./metric.ts";
import { namesOf, shownName } from "./names.ts";
import type { Home, Kept } from "./series.ts";

/** How a series of a metric is made. */
export type Make<Series> = (home: Home<Series>, labels: Labels) => Series;

export interface Definitions {
  /** The metric of this name, made when it is not there. */
  define<Series extends Kept>(
    type: FamilyType,
    name: string,
    given: MetricOptions,
    make: Make<Series>,
  ): Metric<Series>;
  families(): readonly Family[];
  /** Every name that is taken, with the suffixes that belong to it. */
  names(): ReadonlySet<string>;
}

type AnyMetric = Pick<Metric<Kept>, "spec" | "family">;

export function createDefinitions(limits: {
  readonly maxSeries: number;
  readonly maxMetrics: number;
  readonly log: Log;
}): Definitions {
  const metrics = new Map<string, AnyMetric>();
  const taken = new Map<string, string>();

  const claim = ({ name, type }: MetricSpec): void => {
    if (metrics.size >= limits.maxMetrics) {
      throw invalid(`more than ${limits.maxMetrics} metrics`);
    }
    const names = namesOf(name, type);
    const other = names.map((each) => taken.get(each)).find((owner) => owner !== undefined);
    if (other !== undefined) throw invalid(`${name} cannot be beside ${other}: they share a name`);
    for (const each of names) taken.set(each, name);
  };

  return {
    define: <Series extends Kept>(
      type: FamilyType,
      name: string,
      { help, unit }: MetricOptions,
      make: Make<Series>,
    ): Metric<Series> => {
      const shown = shownName(name, type, unit);
      const known = metrics.get(shown);
      // A name has one type: what is known under it has series of this kind.
      if (known?.spec.type === type) return known as unknown as Metric<Series>;
      const spec: MetricSpec = { name: shown, type, help, ...(unit !== undefined && { unit }) };
      claim(spec);
      const metric = createMetric(spec, limits, make);
      metrics.set(shown, metric as unknown as AnyMetric);
      return metric;
    },
    families: () => [...metrics.values()].map((metric) => metric.family()),
    names: () => new Set(taken.keys()),
  };
}

function invalid(problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `metrics: ${problem}`);
}
