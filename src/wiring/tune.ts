// How often a rule would have alarmed over the recorded past, at several settings: detectors fed again.
import type { Detector } from "../detectors/detector.ts";
import { type SeriesModel, scoreOf } from "../detectors/series/model.ts";
import { threshold } from "../detectors/threshold.ts";
import type { Limits } from "../model/policy.ts";
import { isInstance } from "../model/target.ts";
import type { KeptSeries, SeriesStore, Stretch } from "../stores/series/series-store.ts";
import { type LimitKind, limitKinds } from "./tune-kinds.ts";

export interface Trial {
  /** A limit in the unit of its metric, or a budget of false alarms per series and month. */
  readonly setting: number;
  /** What the config says now. */
  readonly isCurrent: boolean;
  readonly alarms: number;
  /** As often as that in 30 days. */
  readonly perMonth: number;
  /** For how long it would have been sick, of all series together. */
  readonly sickMs: number;
}

export interface Tuned {
  /** A metric of limits, or the name of a model. */
  readonly by: string;
  readonly metric: string;
  readonly label: string;
  readonly unit: KeptSeries["unit"];
  readonly series: number;
  readonly points: number;
  /** From the first point to the last, of all series together. */
  readonly spanMs: number;
  readonly trials: readonly Trial[];
  /** For a config: the lowest limit with at most one alarm a month; absent for a past under a day. */
  readonly line?: string;
  /** Of a model: how much of its warm-up it has behind it, 0…1. */
  readonly learnt?: number;
}

const monthMs = 30 * 86_400_000;
/** What happens once a day is not in less of it. */
export const leastSpanMs = 86_400_000;
const quantiles = [0.95, 0.99, 0.999, 1] as const;
const above = [1.25, 2] as const;

interface Past {
  readonly series: KeptSeries;
  readonly stretch: Stretch;
}

/** The limits that a service has or could have, each at values that its past suggests. */
export function tuneLimits(
  store: SeriesStore,
  series: readonly KeptSeries[],
  limits: Limits,
  nowMs: number,
): readonly Tuned[] {
  return limitKinds.flatMap((kind) => {
    const pasts = series
      .filter(
        (it) => it.metric === kind.metric && isInstance(it.target) === (kind.of === "instance"),
      )
      .map((it) => ({ series: it, stretch: store.read(it.id, 0, nowMs, "raw") }))
      .filter(({ stretch }) => stretch.at.length > 1);
    return pasts.length === 0 ? [] : [tuneLimit(kind, pasts, limits)];
  });
}

function tuneLimit(kind: LimitKind, pasts: readonly Past[], limits: Limits): Tuned {
  const current = kind.current(limits);
  const settings = new Set(suggested(pasts).map(kind.round));
  if (current !== undefined) settings.add(current);
  const spanMs = spanOf(pasts);
  const trials = [...settings]
    .toSorted((a, b) => a - b)
    .map((limit): Trial => {
      const { kind: symptom, label } = kind;
      const detector = threshold({ kind: symptom, limit, forMs: limits.forMs, label });
      const found = pasts.map((past) => replayed(detector, past));
      return trialOf(limit, limit === current, found, spanMs);
    });
  const isLong = spanMs / pasts.length >= leastSpanMs;
  const best = isLong ? trials.find(({ perMonth }) => perMonth <= 1) : undefined;
  return {
    ...{ by: "limit", metric: kind.metric, label: kind.label, spanMs, trials },
    ...countsOf(pasts),
    ...(best ? { line: kind.line(best.setting) } : {}),
  };
}

function suggested(pasts: readonly Past[]): readonly number[] {
  const values = Float64Array.from(pasts.flatMap(({ stretch }) => stretch.last)).sort();
  const at = (share: number): number => values[Math.ceil(share * values.length) - 1] ?? 0;
  return [...quantiles.map(at), ...above.map((times) => at(1) * times)];
}

interface Replayed {
  readonly alarms: number;
  readonly sickMs: number;
}

/** What a detector of the loop would have said, point by point. */
function replayed<S>(detector: Detector<S>, { series, stretch }: Past): Replayed {
  const { target, metric, unit } = series;
  let state = detector.initial;
  let [alarms, sickMs, sinceMs] = [0, 0, Number.NaN];
  for (let i = 0; i < stretch.at.length; i++) {
    const atMs = stretch.at[i] ?? 0;
    const [next, finding] = detector.observe(state, {
      ...{ target, metric, unit, atMs },
      value: stretch.last[i] ?? 0,
    });
    state = next;
    if (finding?.sick === true && Number.isNaN(sinceMs)) [alarms, sinceMs] = [alarms + 1, atMs];
    if (finding?.sick === false && !Number.isNaN(sinceMs)) {
      [sickMs, sinceMs] = [sickMs + atMs - sinceMs, Number.NaN];
    }
  }
  if (!Number.isNaN(sinceMs)) sickMs += (stretch.at.at(-1) ?? 0) - sinceMs;
  return { alarms, sickMs };
}

/** False alarms per series and month that a model is asked to stay under. */
const budgets = [10, 1, 0.1] as const;
/** Below half of its limit it is over, as of the detector of the loop. */
const overAt = 0.5;
const calmMs = 300_000;

/**
 * One model over the means of each minute. `localMs` makes wall-clock time of the zone in which days
 * are meant.
 */
export function tuneModel(
  store: SeriesStore,
  series: readonly KeptSeries[],
  model: SeriesModel,
  nowMs: number,
  localMs: (atMs: number) => number,
): readonly Tuned[] {
  return series.flatMap((it) => {
    const stretch = store.read(it.id, 0, nowMs, "1m");
    if (stretch.at.length < 2) return [];
    const scores = scoresOf(model, stretch, localMs);
    const past = [{ series: it, stretch }];
    const spanMs = spanOf(past);
    const trials = budgets.map((budget) =>
      trialOf(budget, budget === 1, [episodes(stretch.at, scores, scoreOf(budget))], spanMs),
    );
    const { name } = model;
    const label = `${it.target} ${it.metric}`;
    return [
      {
        by: name,
        metric: it.metric,
        label,
        spanMs,
        trials,
        learnt: scores.learnt,
        ...countsOf(past),
      },
    ];
  });
}

/** Of each point: what is news in it, and how unusual its series then is. */
interface Scores {
  readonly news: Float64Array;
  readonly standing: Float64Array;
  readonly learnt: number;
}

function scoresOf(
  model: SeriesModel,
  { at, sum, count }: Stretch,
  localMs: (atMs: number) => number,
): Scores {
  const block = new Float64Array(model.size);
  const standing = new Float64Array(at.length);
  model.begin(block);
  const news = Float64Array.from(at, (atMs, i) => {
    const score = model.observe(block, localMs(atMs), (sum[i] ?? 0) / (count[i] ?? 1));
    standing[i] = model.standing(block);
    return score;
  });
  return { news, standing, learnt: model.learnt(block) };
}

function episodes(at: readonly number[], { news, standing }: Scores, limit: number): Replayed {
  let [alarms, sickMs, sinceMs, sickAtMs] = [0, 0, Number.NaN, Number.NaN];
  for (const [i, atMs] of at.entries()) {
    if (Number.isNaN(sinceMs)) {
      if ((news[i] ?? 0) >= limit) [alarms, sinceMs, sickAtMs] = [alarms + 1, atMs, atMs];
    } else if ((standing[i] ?? 0) >= limit * overAt) sickAtMs = atMs;
    else if (atMs - sickAtMs >= calmMs) {
      [sickMs, sinceMs] = [sickMs + atMs - sinceMs, Number.NaN];
    }
  }
  if (!Number.isNaN(sinceMs)) sickMs += (at.at(-1) ?? 0) - sinceMs;
  return { alarms, sickMs };
}

function trialOf(
  setting: number,
  isCurrent: boolean,
  found: readonly Replayed[],
  spanMs: number,
): Trial {
  const alarms = found.reduce((sum, it) => sum + it.alarms, 0);
  const sickMs = found.reduce((sum, it) => sum + it.sickMs, 0);
  return { setting, isCurrent, alarms, perMonth: (alarms * monthMs) / Math.max(spanMs, 1), sickMs };
}

function spanOf(pasts: readonly Past[]): number {
  return pasts.reduce(
    (sum, { stretch }) => sum + (stretch.at.at(-1) ?? 0) - (stretch.at[0] ?? 0),
    0,
  );
}

function countsOf(pasts: readonly Past[]): Pick<Tuned, "unit" | "series" | "points"> {
  const points = pasts.reduce((sum, { stretch }) => sum + stretch.at.length, 0);
  return { unit: pasts[0]?.series.unit ?? "count", series: pasts.length, points };
}
