// What the families of the daemon's metrics are made of: samples with labels, and buckets.
import type { Family, FamilyType, Sample } from "../protocol/metric-family.ts";
import { pair } from "../protocol/metric-label.ts";
import { canonicalNumber } from "../protocol/metric-numbers.ts";

export type Labels = Readonly<Record<string, string>>;

export type Point = readonly [labels: Labels, value: number];

/** What `value` gives is the last part of a name: seconds, bytes, ratio. */
const units = /_(seconds|bytes|ratio)(?:_total)?$/;

export function family(
  type: Exclude<FamilyType, "histogram">,
  name: string,
  help: string,
  points: readonly Point[],
): Family {
  const samples = points.map(([labels, value]) => ({
    suffix: "",
    labels: labelText(labels),
    value,
  }));
  return { ...head(type, name, help), samples };
}

function head(type: FamilyType, name: string, help: string): Omit<Family, "samples"> {
  const unit = units.exec(name)?.[1];
  return { name: `homeostat_${name}`, type, help, ...(unit === undefined ? {} : { unit }) };
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => pair(name, value))
    .join(",");
}

/** Observations by upper bound, ascending; the last count is that of what lies above all bounds. */
export interface Buckets {
  readonly labels: Labels;
  readonly counts: readonly number[];
  /** Absent where only the buckets are known. */
  readonly sum?: number;
}

export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  all: readonly Buckets[],
): Family {
  const samples = all.flatMap((one) => bucketSamples(bounds, one));
  return { ...head("histogram", name, help), samples };
}

function bucketSamples(bounds: readonly number[], { labels, counts, sum }: Buckets): Sample[] {
  const text = labelText(labels);
  const before = text === "" ? "" : `${text},`;
  let count = 0;
  const samples = [...bounds, Number.POSITIVE_INFINITY].map((bound, i): Sample => {
    count += counts[i] ?? 0;
    const le = pair("le", canonicalNumber(bound));
    return { suffix: "_bucket", labels: before + le, value: count };
  });
  if (sum !== undefined) samples.push({ suffix: "_sum", labels: text, value: sum });
  return [...samples, { suffix: "_count", labels: text, value: count }];
}

/** Takes observations in. */
export interface Gathering extends Buckets {
  observe(value: number): void;
}

export function gather(bounds: readonly number[]): Gathering {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  let sum = 0;
  return {
    labels: {},
    counts,
    get sum() {
      return sum;
    },
    observe: (value) => {
      const found = bounds.findIndex((bound) => value <= bound);
      const i = found < 0 ? bounds.length : found;
      counts[i] = (counts[i] ?? 0) + 1;
      sum += value;
    },
  };
}
