// Watches the series of services: joins readings to points, and makes one reading a service of what is unusual.
import { metrics, type Reading, reading, type Unit } from "../../model/reading.ts";
import { serviceOf, type Target } from "../../model/target.ts";
import { unusualMetric, type Watch } from "./watch.ts";

export interface ServiceWatch {
  /**
   * Takes readings in the order of their time. At most one of what is unusual comes out for each
   * service, and one a minute of how much is learnt, until all is.
   */
  take(readings: readonly Reading[]): readonly Reading[];
  /** What a service shows until then is neither judged nor learnt: it starts, or was changed. */
  unsettle(service: string, untilMs: number): void;
}

export interface ServiceWatchOptions {
  readonly watch: Watch;
  /** Which metrics are watched; those of each instance are series of their own. */
  readonly watched: ReadonlySet<string>;
  /** Of which services. */
  readonly services: ReadonlySet<string>;
}

/** So long it is said that a service is as usual again: whoever hears it has a patience of its own. */
const calmMs = 360_000;
/** Noise of single seconds is nobody's concern, and neighbours in time are alike. */
const pointMs = 10_000;
const progressMs = 60_000;
const namedMax = 3;

interface Point {
  readonly target: Target;
  readonly metric: string;
  readonly unit: Unit;
  fromMs: number;
  sum: number;
  count: number;
  /** What the watch says of it, while it says something. */
  told: Reading | undefined;
}

export function watchServices({
  watch,
  watched,
  services: known,
}: ServiceWatchOptions): ServiceWatch {
  const services = new Map<string, Map<string, Point>>();
  const done = new Set<string>();
  let progressAtMs = 0;
  const settledAt = new Map<string, number>();
  /** Until when services that were unusual are told to be usual. */
  const toldUntilMs = new Map<string, number>();

  /** Whether there is something new to say of its service. */
  const judge = (point: Point): boolean => {
    const { target, metric, unit, fromMs: atMs } = point;
    const value = point.sum / point.count;
    const told = watch.observe({ target, metric, unit, atMs, value });
    point.told = told && told.value > 0 ? told : undefined;
    return point.told !== undefined || toldUntilMs.has(serviceOf(target));
  };
  const takeOne = (it: Reading, changed: Set<string>): void => {
    const service = serviceOf(it.target);
    if (!watched.has(it.metric) || !Number.isFinite(it.value) || !known.has(service)) return;
    if (it.atMs < (settledAt.get(service) ?? 0)) return;
    const own = services.get(service) ?? new Map<string, Point>();
    services.set(service, own);
    if (addTo(own, it, judge)) changed.add(service);
  };

  /** Once a minute, of each service that has not learnt all. */
  const progress = (atMs: number): readonly Reading[] => {
    if (atMs < progressAtMs) return [];
    progressAtMs = atMs + progressMs;
    return [...services].flatMap(([service, points]) => {
      if (done.has(service)) return [];
      const learnt = [...points.values()].flatMap((it) => watch.learnt(it.target, it.metric) ?? []);
      const mean = learnt.reduce((sum, share) => sum + share, 0) / Math.max(1, learnt.length);
      if (mean >= 1) done.add(service);
      return [reading(service, metrics.seriesLearnt, mean, atMs)];
    });
  };

  return {
    take(readings) {
      const changed = new Set<string>();
      for (const it of readings) takeOne(it, changed);
      const atMs = readings.at(-1)?.atMs ?? 0;
      return [
        ...progress(atMs),
        ...[...changed].flatMap((service) => {
          const points = [...(services.get(service)?.values() ?? [])];
          const summary = summaryOf(service, points, atMs);
          if (summary.value > 0) toldUntilMs.set(service, atMs + calmMs);
          else if (atMs > (toldUntilMs.get(service) ?? 0)) toldUntilMs.delete(service);
          return [summary];
        }),
      ];
    },
    unsettle: (service, untilMs) => {
      settledAt.set(service, Math.max(untilMs, settledAt.get(service) ?? 0));
      for (const point of services.get(service)?.values() ?? []) [point.sum, point.count] = [0, 0];
    },
  };
}

/** `judge` is asked about a point that is whole; its answer, or false while none is. */
function addTo(points: Map<string, Point>, it: Reading, judge: (point: Point) => boolean): boolean {
  const { target, metric, unit, atMs, value } = it;
  const key = `${target} ${metric}`;
  const point = points.get(key) ?? {
    ...{ target, metric, unit, fromMs: atMs, sum: 0, count: 0, told: undefined },
  };
  points.set(key, point);
  // A source that looks back brings what is late already.
  if (atMs < point.fromMs) return false;
  const isWhole = point.count > 0 && atMs - point.fromMs >= pointMs;
  const answer = isWhole && judge(point);
  if (isWhole) [point.sum, point.count] = [0, 0];
  if (point.count === 0) point.fromMs = atMs;
  point.sum += value;
  point.count++;
  return answer;
}

function summaryOf(service: string, points: readonly Point[], atMs: number): Reading {
  const base = { target: service, metric: unusualMetric, unit: "ratio" as const, atMs };
  const told = points.flatMap((point) => point.told ?? []).toSorted((a, b) => b.value - a.value);
  const [worst] = told;
  if (!worst) return { ...base, value: 0 };
  const named = told.slice(0, namedMax).map(({ target, note = "" }) => `${target}: ${note}`);
  const more = told.length - named.length;
  const note = `${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
  return { ...base, value: worst.value, note };
}
