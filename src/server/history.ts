// The recent past in memory: points of each series and the beat of each second, for charts and bars.

import { instancesOf } from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import type { Instance } from "../model/instance.ts";
import type { Policy } from "../model/policy.ts";
import type { Reading, Unit } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import type { Beat, SeriesView } from "../protocol/api.ts";
import { add, addColumn, type Column, createRing, type Ring, since } from "./ring.ts";

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

interface Series {
  readonly unit: Unit;
  readonly column: Column;
}

export function createHistory(): History {
  const points = new Map<Target, Map<string, Series>>();
  const rows = new Map<Target, BeatRow>();
  const targets = targetsOf();
  let beatAtMs = 0;
  let count = 0;

  /** What is first seen in one breath with another series of its target shares its times. */
  const named = (of: Map<string, Series>, it: Reading, beside: Ring | undefined): Series => {
    const ring = beside?.atMs === it.atMs ? beside : createRing(pointsKept);
    const series = { unit: it.unit, column: addColumn(ring) };
    of.set(it.metric, series);
    count += 1;
    return series;
  };
  const ofTarget = (target: Target): Map<string, Series> => {
    const known = points.get(target) ?? new Map<string, Series>();
    points.set(target, known);
    return known;
  };
  return {
    get beatAtMs() {
      return beatAtMs;
    },
    note: (readings) => {
      let target: Target | undefined;
      let of = new Map<string, Series>();
      let ring: Ring | undefined;
      for (const it of readings) {
        if (it.target !== target) [target, of, ring] = [it.target, ofTarget(it.target), undefined];
        const known = of.get(it.metric);
        if (!known && count >= seriesMax) continue;
        const { column } = known ?? named(of, it, ring);
        add(column, it.atMs, it.value);
        ring = column.ring;
      }
    },
    beat: ({ state }, atMs) => {
      beatAtMs = atMs;
      const sick = new Set(Object.values(state.symptoms).map((symptom) => symptom.target));
      for (const target of targets(state.policy)) {
        const row = rows.get(target) ?? { beats: new Uint8Array(beatsKept), next: 0 };
        rows.set(target, row);
        row.beats[row.next] = codes[beatOf(state.instances[target], sick.has(target))];
        row.next = (row.next + 1) % beatsKept;
      }
    },
    beats: (target) => {
      const row = rows.get(target);
      if (!row) return [];
      const { beats, next } = row;
      return [...beats.subarray(next), ...beats.subarray(0, next)].map((it) => kinds[it] ?? "none");
    },
    series: (target, metric, fromMs, offsetMs) => {
      const series = points.get(target)?.get(metric);
      const { at, values } = series ? since(series.column, fromMs) : { at: [], values: [] };
      const seconds = at.map((atMs) => (atMs + offsetMs) / 1_000);
      return { target, metric, unit: series?.unit ?? "count", at: seconds, values };
    },
  };
}

/** A byte each; `next` is where the oldest lies. */
interface BeatRow {
  readonly beats: Uint8Array;
  next: number;
}

const codes: Readonly<Record<Beat, number>> = { none: 0, ok: 1, sick: 2, down: 3, busy: 4 };
const kinds: readonly Beat[] = ["none", "ok", "sick", "down", "busy"];

/** All instances of a policy, named once for as long as it holds. */
function targetsOf(): (policy: Policy) => readonly Target[] {
  let of: Policy | undefined;
  let targets: readonly Target[] = [];
  return (policy) => {
    if (policy !== of) targets = Object.values(policy.services).flatMap(instancesOf);
    of = policy;
    return targets;
  };
}

function beatOf(instance: Instance | undefined, isSick: boolean): Beat {
  if (!instance) return "none";
  if (instance.state === "down") return instance.exit?.expected ? "none" : "down";
  if (instance.state !== "ready") return "busy";
  return isSick ? "sick" : "ok";
}
