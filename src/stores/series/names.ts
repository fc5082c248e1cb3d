// Which series there are: each has a number that no other one ever gets, and there are only so many.
import type { KeptSeries, SeriesName } from "./series-store.ts";

export interface Names {
  readonly count: number;
  /** Undefined when it is new and there is no room. */
  idOf(series: SeriesName, nowMs: number): number | undefined;
  seen(id: number, atMs: number): void;
  learn(series: KeptSeries, lastMs: number): void;
  get(id: number): KeptSeries | undefined;
  lastMs(id: number): number;
  all(): Iterable<KeptSeries>;
}

export interface NamesOptions {
  readonly max: number;
  /** One of which nothing came for so long makes room for a new one. */
  readonly forgetMs: number;
  readonly onNew: (series: KeptSeries) => void;
  readonly onForgotten: (id: number) => void;
}

/** From one search for what can be forgotten to the next. */
const searchMs = 60_000;

export function createNames({ max, forgetMs, onNew, onForgotten }: NamesOptions): Names {
  const byTarget = new Map<string, Map<string, KeptSeries>>();
  const byId = new Map<number, KeptSeries>();
  const last = new Map<number, { atMs: number }>();
  let top = 0;
  let searchedAtMs = Number.NEGATIVE_INFINITY;

  const learn = (series: KeptSeries, lastMs: number): void => {
    const { id, target, metric } = series;
    const of = byTarget.get(target) ?? new Map<string, KeptSeries>();
    byTarget.set(target, of.set(metric, series));
    byId.set(id, series);
    last.set(id, { atMs: lastMs });
    top = Math.max(top, id);
  };
  const forget = ({ id, target, metric }: KeptSeries): void => {
    const of = byTarget.get(target);
    of?.delete(metric);
    if (of?.size === 0) byTarget.delete(target);
    byId.delete(id);
    last.delete(id);
    onForgotten(id);
  };
  const makeRoom = (nowMs: number): void => {
    if (Math.abs(nowMs - searchedAtMs) < searchMs) return;
    searchedAtMs = nowMs;
    for (const series of [...byId.values()]) {
      if ((last.get(series.id)?.atMs ?? 0) < nowMs - forgetMs) forget(series);
    }
  };
  return {
    get count() {
      return byId.size;
    },
    idOf: ({ target, metric, unit }, nowMs) => {
      const known = byTarget.get(target)?.get(metric);
      if (known) return known.id;
      // Whoever makes room is followed by a higher number: none is ever used again.
      if (byId.size >= max) makeRoom(nowMs);
      if (byId.size >= max) return undefined;
      const series = { id: top + 1, target, metric, unit };
      learn(series, nowMs);
      onNew(series);
      return series.id;
    },
    seen: (id, atMs) => {
      const it = last.get(id);
      if (it && it.atMs < atMs) it.atMs = atMs;
    },
    learn,
    get: (id) => byId.get(id),
    lastMs: (id) => last.get(id)?.atMs ?? 0,
    all: () => byId.values(),
  };
}
