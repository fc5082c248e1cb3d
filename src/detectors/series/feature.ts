// A model of one idea: what it makes of a point, with the pace and the calibration that all share.
import { type Band, bandOfValue, type SeriesModel } from "./model.ts";
import { createPace } from "./pace.ts";
import { createSlots, type Slots } from "./slots.ts";
import { createTail } from "./tail.ts";

export interface FeaturePoint {
  readonly atMs: number;
  /** Milliseconds that the point stands for. */
  readonly dtMs: number;
  readonly value: number;
  /** Which point it is, from 1. */
  readonly n: number;
}

export interface FeatureOptions {
  readonly name: string;
  /** How large its outputs are beside margins: 10 for deviations. */
  readonly unit: number;
  /** What it needs to have seen (default two). */
  readonly warmDays?: number;
}

export interface Feature {
  begin(state: Float64Array): void;
  /** @returns how far out the point is, in units of the feature's own; 0 is nothing. */
  step(state: Float64Array, point: FeaturePoint): number;
  /** What it expected of the last point. */
  expected(state: Float64Array): number;
  /** How far from there is usual. */
  spread(state: Float64Array): number;
}

const warmPoints = 100;

/** The score is calibrated by the past events of the series itself, as that of `adaptive` is. */
export function modelOf(options: FeatureOptions, make: (slots: Slots) => Feature): SeriesModel {
  const { name, unit, warmDays = 2 } = options;
  const warmMs = warmDays * 86_400_000;
  const slots = createSlots();
  const pace = createPace(slots);
  const feature = make(slots);
  const tail = createTail(slots, unit);
  const last = slots.take(1);
  const learnt = (state: Float64Array): number =>
    Math.min(1, pace.points(state) / warmPoints, pace.seenMs(state) / warmMs);
  return {
    name,
    size: slots.size,
    standing: tail.standing,
    learnt,
    begin(state) {
      for (const part of [pace, feature, tail]) part.begin(state);
      state[last] = 0;
    },
    observe(state, atMs, value) {
      const dtMs = pace.step(state, atMs);
      if (dtMs < 0) return 0;
      state[last] = value;
      const out = feature.step(state, { atMs, dtMs, value, n: pace.points(state) });
      return tail.step(state, dtMs, out, learnt(state) < 1);
    },
    band(state): Band | undefined {
      if (pace.points(state) < warmPoints) return undefined;
      const [expected, spread] = [feature.expected(state), feature.spread(state)];
      return bandOfValue(
        state[last] ?? 0,
        expected,
        [expected - spread, expected + spread],
        pace.usualMs(state),
      );
    },
  };
}
