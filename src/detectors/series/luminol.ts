// LinkedIn's luminol (2015) by the names of its algorithms, as streams: no look at what comes later.
import { modelOf } from "./feature.ts";
import type { SeriesModel } from "./model.ts";
import { createRobust } from "./robust.ts";
import { createSeason } from "./season.ts";
import { createMoments } from "./skyline-parts.ts";
import { vote } from "./vote.ts";

/** `bitmap_detector` compares with what follows a point, so it is no stream and not here. */
export const luminolAlgorithms = [
  "derivative_detector",
  "exp_avg_detector",
  "default_detector",
  "sign_test",
  "diff_percent_threshold",
] as const;

export type LuminolAlgorithm = (typeof luminolAlgorithms)[number];

/** Its smoothing factor, and the weight of the average beside the derivative in its default. */
const smoothing = 0.2;
const averageWeight = 0.65;
/** Deviations are of so many points; there they are of the whole series, past and to come. */
const memory = 2_000;
/** Points of a run, as there. */
const signPoints = 24;
const dayMs = 86_400_000;

export function luminol(algorithm: LuminolAlgorithm): SeriesModel {
  if (algorithm === "sign_test") return againstDay(algorithm, 4);
  if (algorithm === "diff_percent_threshold") return againstDay(algorithm, 1);
  return smoothed(algorithm);
}

/** Two of its five agree. */
export function luminolVote(): SeriesModel {
  return vote(
    "luminol",
    luminolAlgorithms.map((algorithm) => luminol(algorithm)),
    2,
  );
}

/** Distance from the exponential average, of the value or of its derivative, in deviations. */
function smoothed(algorithm: LuminolAlgorithm): SeriesModel {
  return modelOf({ name: algorithm, unit: 10 }, (slots) => {
    const level = createMoments(slots, memory);
    const change = createMoments(slots, memory);
    const at = slots.take(4);
    const [average, slope, before, expected] = [at, at + 1, at + 2, at + 3];
    const get = (state: Float64Array, slot: number): number => state[slot] ?? 0;
    return {
      begin(state) {
        level.begin(state);
        change.begin(state);
        state.fill(0, at, at + 4);
      },
      step(state, { value, n }) {
        if (n === 1) {
          state[average] = value;
          state[before] = value;
        }
        const derivative = value - get(state, before);
        const off = value - get(state, average);
        const turn = derivative - get(state, slope);
        state[expected] = get(state, average);
        const [a, d] = [
          Math.abs(off) / level.deviation(state),
          Math.abs(turn) / change.deviation(state),
        ];
        level.step(state, off);
        change.step(state, turn);
        state[average] = get(state, average) + smoothing * off;
        state[slope] = get(state, slope) + smoothing * turn;
        state[before] = value;
        if (n < 20) return 0;
        const both = averageWeight * Math.min(a, 100) + (1 - averageWeight) * Math.min(d, 100);
        const out =
          algorithm === "default_detector" ? both : algorithm === "exp_avg_detector" ? a : d;
        return Math.max(0, Math.min(100, out) - 2);
      },
      expected: (state) => get(state, expected),
      spread: (state) => 3 * level.deviation(state),
    };
  });
}

/** Against a baseline, which here is what the series itself was at this time of the day. */
function againstDay(algorithm: LuminolAlgorithm, unit: number): SeriesModel {
  return modelOf({ name: algorithm, unit }, (slots) => {
    const day = createSeason(slots, { periodMs: dayMs, bins: 48, newest: 0.3 });
    const off = createRobust(slots);
    const at = slots.take(2);
    const [run, baseline] = [at, at + 1];
    return {
      begin(state) {
        day.begin(state);
        off.begin(state);
        state.fill(0, at, at + 2);
      },
      step(state, { atMs, value }) {
        const usual = day.expect(state, atMs);
        day.learn(state, atMs, value, Number.POSITIVE_INFINITY);
        state[baseline] = Number.isNaN(usual) ? value : usual;
        if (Number.isNaN(usual)) return 0;
        off.step(state, value - usual);
        if (algorithm === "diff_percent_threshold") {
          const whole = Math.abs(usual) + off.deviation(state);
          return whole > 0 ? Math.min(10, Math.abs(value - usual) / whole) : 0;
        }
        // The mean sign of about the last 24 points, in deviations of that of a coin.
        const mean =
          (state[run] ?? 0) * (1 - 1 / signPoints) + Math.sign(value - usual) / signPoints;
        state[run] = mean;
        return Math.max(0, Math.abs(mean) * Math.sqrt(2 * signPoints) - 2);
      },
      expected: (state) => state[baseline] ?? 0,
      spread: (state) => 3 * off.deviation(state),
    };
  });
}
