// The recent past in memory: points of each series and the beat of each second, for charts and bars.

import { instancesOf, symptomsOf } from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import type { Reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import type { Beat, SeriesView } from "../protocol/api.ts";

export interface History {
  note(readings: readonly Reading[]): void;
  /** Called once a second: writes one beat for each instance. */
  beat(mind: Mind, atMs: number): void;
  beats(target: Target): readonly Beat[];
  /** Loop time of the newest beat. */
  readonly beatAtMs: number;
  series(target: Target, metric: string, fromMs: number, offsetMs: number): SeriesView;
}

export const beatsKept = 60;
const pointsKept = 900;
/** Series beyond this are not kept for charts: the loop sees them all the same. */
const seriesMax = 5_000;

interface Points {
  unit: string;
  readonly at: number[];
  readonly values: number[];
}

export function createHistory(): History {
  const points = new Map<string, Points>();
  const beats = new Map<Target, Beat[]>();
  let beatAtMs = 0;
  return {
    get beatAtMs() {
      return beatAtMs;
    },
    note: (readings) => {
      for (const { target, metric, value, unit, atMs } of readings) {
        const key = `${target} ${metric}`;
        const held = points.get(key);
        if (!held && points.size >= seriesMax) continue;
        const series = held ?? { unit, at: [], values: [] };
        points.set(key, series);
        series.at.push(atMs);
        series.values.push(value);
        if (series.at.length > pointsKept) {
          series.at.shift();
          series.values.shift();
        }
      }
    },
    beat: (mind, atMs) => {
      beatAtMs = atMs;
      for (const policy of Object.values(mind.state.policy.services)) {
        for (const target of instancesOf(policy)) {
          const row = beats.get(target) ?? Array.from({ length: beatsKept }, (): Beat => "none");
          beats.set(target, [...row.slice(1), beatOf(mind, target)]);
        }
      }
    },
    beats: (target) => beats.get(target) ?? [],
    series: (target, metric, fromMs, offsetMs) => {
      const series = points.get(`${target} ${metric}`);
      const from = series ? series.at.findIndex((atMs) => atMs >= fromMs) : -1;
      const at = series && from >= 0 ? series.at.slice(from) : [];
      return {
        target,
        metric,
        unit: series?.unit ?? "count",
        at: at.map((atMs) => (atMs + offsetMs) / 1_000),
        values: series && from >= 0 ? series.values.slice(from) : [],
      };
    },
  };
}

function beatOf({ state }: Mind, target: Target): Beat {
  const instance = state.instances[target];
  if (!instance) return "none";
  if (instance.state === "down") return instance.exit?.expected ? "none" : "down";
  if (instance.state !== "ready") return "busy";
  return symptomsOf(state, target).length > 0 ? "sick" : "ok";
}
