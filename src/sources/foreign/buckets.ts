// The series of one classic histogram or summary of Prometheus, put together by the moment of their points.
import type { Reading } from "../../model/reading.ts";
import type { Labels } from "../../model/series.ts";
import type { Target } from "../../model/target.ts";
import { type Histogram, histogramOf, takeCounted } from "./histogram.ts";
import type { At } from "./series.ts";
import type { Loss } from "./tally.ts";
import type { Measure } from "./units.ts";

/** A number is the place of a bucket among those of its group. */
export type Part = "sum" | "count" | number;

export interface Group {
  readonly histogram: Histogram;
  /** Upper bounds in the order in which they were met, and what was counted up to each. */
  readonly bounds: number[];
  readonly values: number[];
  sum: number;
  count: number;
  /** Of the points that are gathered. */
  at: At | undefined;
  lastMs: number;
  /** Tells what was gathered; the next points are of another moment. */
  flush(into: Reading[]): void;
  /** Forgets what was gathered, and what the next would be compared with. */
  drop(): void;
}

const bucketsMax = 500;

export function groupOf(target: Target, base: string, labels: Labels, measure: Measure): Group {
  const group: Group = {
    histogram: histogramOf(target, base, labels, measure),
    ...{ bounds: [], values: [], sum: Number.NaN, count: Number.NaN },
    at: undefined,
    lastMs: Number.NEGATIVE_INFINITY,
    flush: (into) => {
      const { at, histogram } = group;
      if (!at) return;
      const counted = gathered(group);
      clear(group);
      if (counted) takeCounted(histogram, counted, at, into);
    },
    drop: () => {
      clear(group);
      group.histogram.last = undefined;
    },
  };
  return group;
}

function clear(group: Group): void {
  group.at = undefined;
  group.sum = Number.NaN;
  group.count = Number.NaN;
  group.values.fill(Number.NaN);
}

/** The place of a bucket in its group, a new one for a new bound. */
export function slotOf(group: Group, part: Part | { readonly le: number }): Part {
  if (typeof part !== "object") return part;
  const known = group.bounds.indexOf(part.le);
  if (known >= 0) return known;
  if (group.bounds.length < bucketsMax) {
    group.bounds.push(part.le);
    group.values.push(Number.NaN);
  }
  return group.bounds.length - 1;
}

/** A point of a later moment says that those before it are all there. */
export function takePart(
  group: Group,
  part: Part,
  value: number,
  at: At,
  into: Reading[],
): Loss | undefined {
  if (at.unixMs < group.lastMs) return "out of order";
  if (at.unixMs > group.lastMs) group.flush(into);
  else if (!group.at) return "duplicate";
  group.at = at;
  group.lastMs = at.unixMs;
  if (part === "sum") group.sum = value;
  else if (part === "count") group.count = value;
  else group.values[part] = value;
  return undefined;
}

/** Undefined when some of it has not come: what is missing is not zero. */
function gathered(group: Group): Parameters<typeof takeCounted>[1] | undefined {
  const order = [...group.bounds.keys()].sort(
    (a, b) => (group.bounds[a] ?? 0) - (group.bounds[b] ?? 0),
  );
  const bounds = order.map((i) => group.bounds[i] ?? 0);
  const upTo = order.map((i) => group.values[i] ?? Number.NaN);
  const all = bounds.at(-1) === Number.POSITIVE_INFINITY ? upTo.at(-1) : undefined;
  const count = Number.isNaN(group.count) ? all : group.count;
  if (count === undefined || [count, ...upTo].some(Number.isNaN)) return undefined;
  if (all === undefined && bounds.length > 0) return undefined;
  const counts = upTo.map((value, i) => Math.max(0, value - (upTo[i - 1] ?? 0)));
  const sum = Number.isNaN(group.sum) ? undefined : group.sum;
  return { count, sum, bounds: bounds.slice(0, -1), counts };
}
