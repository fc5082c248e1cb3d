// Holds the blocks of many series, and makes readings of what is unusual about them.
import type { Reading } from "../../model/reading.ts";
import { metricOf, seriesName } from "../../model/series.ts";
import type { Target } from "../../model/target.ts";
import { type SeriesModel, scoreOf } from "./model.ts";
import { sentence } from "./words.ts";

export interface WatchOptions {
  readonly model: SeriesModel;
  /** False alarms per series and month that are acceptable (default 1). */
  readonly budget?: number;
  /** Series beyond so many are not watched (default 10,000), which are counted. */
  readonly maxSeries?: number;
  /** Wall-clock time, in the zone in which days are meant, of a moment of the loop. */
  readonly wallMs: (atMs: number) => number;
  /** How a series is called in sentences (default: its name). */
  readonly label?: (metric: string) => string;
}

/** What is kept of one series, to go on from after a restart. */
export interface WatchedSeries {
  readonly target: Target;
  readonly metric: string;
  readonly block: Float64Array;
}

export interface Watch {
  /**
   * Takes a reading in.
   * @returns a reading of `unusual{of="…"}`, 0…1 as the model's score, its sentence as the note:
   * while the series is unusual, and once more, as 0, when it no longer is.
   */
  observe(reading: Reading): Reading | undefined;
  /** How much of its warm-up a series has behind it, 0…1; undefined for one that is not watched. */
  learnt(target: Target, metric: string): number | undefined;
  /** Forgets all series of a target. */
  forget(target: Target): void;
  /** The blocks themselves, in the order in which they were last heard of: copy what is kept. */
  snapshot(): readonly WatchedSeries[];
  /** Takes up what was kept; of another size, which another version wrote, it begins anew. */
  restore(series: readonly WatchedSeries[]): void;
  /** Readings of series for which there was no room. */
  readonly refused: number;
  readonly size: number;
}

export const unusualMetric = "unusual";

interface Watched {
  readonly target: Target;
  readonly metric: string;
  readonly block: Float64Array;
  sinceMs: number | undefined;
}

/**
 * The blocks are the watch's own and changed in place: what the loop folds and keeps is the readings
 * that come out, so a replay needs no block. A reading that is no number is left out.
 */
export function createWatch(options: WatchOptions): Watch {
  const { model, budget = 1, maxSeries = 10_000, wallMs, label = (metric) => metric } = options;
  const alarmAt = scoreOf(budget);
  const told = alarmAt / 2;
  const all = new Map<string, Watched>();
  let refused = 0;

  function meet(target: Target, metric: string): Watched | undefined {
    const key = keyOf(target, metric);
    const known = all.get(key);
    if (known) return known;
    if (all.size >= maxSeries) {
      refused++;
      return undefined;
    }
    const watched: Watched = { target, metric, block: blockOf(model), sinceMs: undefined };
    all.set(key, watched);
    return watched;
  }

  return {
    get refused() {
      return refused;
    },
    get size() {
      return all.size;
    },
    learnt(target, metric) {
      const watched = all.get(keyOf(target, metric));
      return watched && model.learnt(watched.block);
    },
    observe(reading) {
      const { target, metric, value, unit, atMs } = reading;
      if (!Number.isFinite(value) || metricOf(metric) === unusualMetric) return undefined;
      const watched = meet(target, metric);
      if (!watched) return undefined;
      const { block } = watched;
      const news = model.observe(block, wallMs(atMs), value);
      const score = Math.max(news, model.standing(block));
      const was = watched.sinceMs;
      if (score < told && was === undefined) return undefined;
      const name = seriesName(unusualMetric, { of: metric });
      const base = { target, metric: name, unit: "ratio" as const, atMs };
      if (score < told) {
        watched.sinceMs = undefined;
        return { ...base, value: 0, note: `${label(metric)} is as usual again` };
      }
      watched.sinceMs = was ?? atMs;
      const band = model.band(block);
      if (!band) return { ...base, value: score };
      return {
        ...base,
        value: score,
        note: sentence(label(metric), unit, band, atMs - (was ?? atMs)),
      };
    },
    forget(target) {
      for (const [key, watched] of all) if (watched.target === target) all.delete(key);
    },
    snapshot: () => [...all.values()],
    restore(series) {
      for (const { target, metric, block } of series) {
        if (block.length !== model.size || all.size >= maxSeries) continue;
        const own = Float64Array.from(block);
        all.set(keyOf(target, metric), { target, metric, block: own, sinceMs: undefined });
      }
    },
  };
}

function keyOf(target: Target, metric: string): string {
  return `${target} ${metric}`;
}

function blockOf(model: SeriesModel): Float64Array {
  const block = new Float64Array(model.size);
  model.begin(block);
  return block;
}
