// The recent past in memory: points of each series and the beat of each second, for charts and bars.

import { instancesOf, symptomsOf } from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import type { Reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import type { Beat, SeriesView } from "../protocol/api.ts";
import { createRing, type Ring } from "./ring.ts";

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
/** 15 min of a reading a second. */
const pointsKept = 900;
/** Series beyond this are not kept for charts: the loop sees them all the same. */
const seriesMax = 5_000;

export function createHistory(): History {
  const points = new Map<string, { readonly unit: string; readonly ring: Ring }>();
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
        const series = held ?? { unit, ring: createRing(pointsKept) };
        points.set(key, series);
        series.ring.add(atMs, value);
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
      const { at, values } = series?.ring.since(fromMs) ?? { at: [], values: [] };
      const seconds = at.map((atMs) => (atMs + offsetMs) / 1_000);
      return { target, metric, unit: series?.unit ?? "count", at: seconds, values };
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
