// Readings from series in the form of Prometheus: counters as rates, buckets put together to histograms.
import type { Reading } from "../../model/reading.ts";
import { type Labels, seriesName } from "../../model/series.ts";
import type { MetricType } from "../../protocol/remote-write.ts";
import { type Group, groupOf, type Part, slotOf, takePart } from "./buckets.ts";
import { type Intake, isRefused, type Refused } from "./intake.ts";
import type { Place } from "./places.ts";
import {
  type At,
  type Outcome,
  rateTrackOf,
  settle,
  type Track,
  takeGauge,
  takeTotal,
  trackOf,
} from "./series.ts";
import type { Loss } from "./tally.ts";
import { measureIn } from "./units.ts";

export type Kept = Track | Group;

type Entry =
  | { readonly unmapped: string }
  | { readonly track: Track; readonly isRate: boolean }
  | { readonly group: Group; readonly part: Part }
  | Refused;

export interface PrometheusTaker {
  /** Of this series are the points that follow. */
  series(key: string, labels: () => Labels): void;
  point(value: number, unixMs: number, isStale: boolean, into: Reading[]): void;
  /** A point of a kind that is not read. */
  unread(): void;
  /** What a family is, as its sender says. */
  type(family: string, type: MetricType): void;
  /** Points are waited for no longer: groups of buckets are told as they are. */
  flush(into: Reading[]): void;
  forget(): void;
}

const typesMax = 20_000;

export function createPrometheusTaker(
  intake: Intake<Kept>,
  seriesMax: number,
  /** The place that labels mean; or the name of a service that there is none of. */
  placeOf: (labels: Labels) => Place | string,
): PrometheusTaker {
  const entries = new Map<string, Entry>();
  const types = new Map<string, MetricType>();
  const pending = new Set<Group>();
  const { tally } = intake;
  let entry: Entry = none;
  const meet = (labels: Labels): Entry => {
    const { __name__: name = "", ...own } = labels;
    if (name === "" || !intake.wanted(name)) return none;
    const place = placeOf(own);
    return typeof place === "string"
      ? { unmapped: place }
      : entryOf(intake, types, name, own, place);
  };
  return {
    series: (key, labels) => {
      const known = entries.get(key);
      entry = known ?? meet(labels());
      if (known || (isRefused(entry) && entry.refused === "series limit")) return;
      // Many keys may mean one series: it is found again.
      if (entries.size >= seriesMax * 4) entries.clear();
      entries.set(key, entry);
    },
    point: (value, unixMs, isStale, into) => {
      if (isRefused(entry)) {
        if (entry.refused) tally.refuse(entry.refused);
      } else if ("unmapped" in entry) tally.unmapped(entry.unmapped);
      else if (isStale) end(entry);
      else {
        if ("group" in entry) pending.add(entry.group);
        settle(tally, outcomeOf(entry, value, intake.at(unixMs, Number.NaN), into), into);
      }
    },
    unread: () => {
      if (!isRefused(entry)) tally.refuse("kind");
    },
    type: (family, type) => {
      if (types.get(family) === type || types.size >= typesMax) return;
      types.set(family, type);
      // What was guessed of its series before is looked at again.
      entries.clear();
    },
    flush: (into) => {
      for (const group of pending) group.flush(into);
      pending.clear();
    },
    forget: () => {
      entries.clear();
      pending.clear();
    },
  };
}

type Taking = Exclude<Entry, Refused | { readonly unmapped: string }>;

function outcomeOf(
  entry: Taking,
  value: number,
  at: At | Loss,
  into: Reading[],
): Outcome | "taken" {
  if (typeof at === "string") return at;
  if (!Number.isFinite(value)) return "value";
  if ("group" in entry) return takePart(entry.group, entry.part, value, at, into) ?? "taken";
  return (entry.isRate ? takeTotal : takeGauge)(entry.track, value, at);
}

/** Its next point, if one comes, is only what the one after is compared with. */
function end(entry: Taking): void {
  if ("track" in entry) entry.track.last = Number.NaN;
  else entry.group.drop();
}

function entryOf(
  intake: Intake<Kept>,
  types: ReadonlyMap<string, MetricType>,
  name: string,
  labels: Labels,
  place: Place,
): Entry {
  const measure = measureIn(name);
  const grouped = partOf(types, name, labels);
  if (grouped) {
    const { base, own, part } = grouped;
    const group = intake.series("histogram", place, base, own, (target, all) =>
      groupOf(target, base, all, measure),
    );
    if (isRefused(group)) return group;
    return "values" in group ? { group, part: slotOf(group, part) } : none;
  }
  const { quantile, ...rest } = labels;
  const isQuantile = quantile !== undefined && types.get(name) === "summary";
  const isRate = isCounter(types, name);
  const metric = isQuantile ? `${name}.p${Number(quantile) * 100}` : isRate ? `${name}.rate` : name;
  const own = isQuantile ? rest : labels;
  const track = intake.series(isRate ? "rate" : "value", place, metric, own, (target, all) =>
    (isRate ? rateTrackOf : trackOf)(target, seriesName(metric, all), measure),
  );
  if (isRefused(track)) return track;
  return "values" in track ? none : { track, isRate };
}

const none: Refused = { refused: undefined };

interface Grouped {
  readonly base: string;
  readonly own: Labels;
  readonly part: Part | { readonly le: number };
}

/**
 * Without a word of its sender the endings of Prometheus' own libraries are believed: `_sum` and
 * `_count` belong together, and `_bucket` with an `le` to them.
 */
function partOf(
  types: ReadonlyMap<string, MetricType>,
  name: string,
  labels: Labels,
): Grouped | undefined {
  const [, base = "", suffix = ""] = /^(.+)_(bucket|sum|count)$/.exec(name) ?? [];
  if (base === "" || types.get(name) !== undefined) return undefined;
  const type = types.get(base) ?? "unknown";
  if (type === "counter" || type === "gauge") return undefined;
  const { le, ...own } = labels;
  if (suffix !== "bucket") return { base, own: labels, part: suffix === "sum" ? "sum" : "count" };
  const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN);
  return Number.isNaN(bound) ? undefined : { base, own, part: { le: bound } };
}

function isCounter(types: ReadonlyMap<string, MetricType>, name: string): boolean {
  const type = types.get(name) ?? types.get(name.replace(/_total$/, ""));
  return type === undefined || type === "unknown" ? name.endsWith("_total") : type === "counter";
}
