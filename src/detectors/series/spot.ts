// Streaming peaks over threshold (SPOT and DSPOT; Siffer et al., KDD 2017), both tails, bounded memory.
import { type Band, bandOfValue, type SeriesModel } from "./model.ts";
import { createPace } from "./pace.ts";
import { createSlots, type Slots } from "./slots.ts";

const monthMs = 30 * 86_400_000;
/** Peaks are what lies beyond this quantile. */
const quantile = 0.98;
const warmPoints = 250;
/** After so many quiet points the next is another event. */
const eventPoints = 120;
/** A peak teaches so many times the mean of peaks at most: the paper takes none that alarms, and never learns a shift. */
const mostOfMean = 8;
/** Moments of the peaks forget after so many of them. */
const peaksKept = 200;

export interface SpotOptions {
  /** DSPOT: the mean of so many points is taken off first; absent is SPOT. */
  readonly drift?: number;
}

/**
 * The chance of a value at least as far out, by a generalised Pareto distribution of the peaks over
 * a running quantile, times the points of a month: false alarms to be expected. Its fit is by
 * moments (Hosking and Wallis 1987), which needs three sums where the paper keeps all peaks. The
 * paper takes points to be independent; where they are not, it alarms too often.
 */
export function spot({ drift }: SpotOptions = {}): SeriesModel {
  const slots = createSlots();
  const pace = createPace(slots);
  const [upper, lower] = [createPeaks(slots), createPeaks(slots)];
  const at = slots.take(5);
  const [mean, last, standing, told, since] = [at, at + 1, at + 2, at + 3, at + 4];
  const center = (state: Float64Array): number => (drift ? (state[mean] ?? 0) : 0);
  const learnt = (state: Float64Array): number => Math.min(1, pace.points(state) / warmPoints);
  return {
    name: drift ? "dspot" : "spot",
    size: slots.size,
    learnt,
    standing: (state) => state[standing] ?? 0,
    begin(state) {
      for (const part of [pace, upper, lower]) part.begin(state);
      state.fill(0, at, at + 5);
    },
    observe(state, atMs, value) {
      if (pace.step(state, atMs) < 0) return 0;
      const n = pace.points(state);
      if (n === 1) state[mean] = value;
      const left = value - center(state);
      const perMonth = monthMs / Math.max(1, pace.usualMs(state));
      const chance = Math.min(upper.chance(state, left), lower.chance(state, -left));
      const isPeak = n > warmPoints && chance < 1 - quantile;
      const score = isPeak ? 1 / (1 + 2 * chance * perMonth) : 0;
      upper.learn(state, left);
      lower.learn(state, -left);
      if (drift) state[mean] = (state[mean] ?? 0) + left / Math.min(n, drift);
      state[last] = value;
      state[standing] = score;
      return isNews(state, score) ? score : 0;
    },
    band(state): Band | undefined {
      if (learnt(state) < 1) return undefined;
      const expected = center(state);
      return bandOfValue(
        state[last] ?? 0,
        expected,
        [expected - lower.limit(state), expected + upper.limit(state)],
        pace.usualMs(state),
      );
    },
  };

  /** An event is told once, and again when it has become ten times as rare. */
  function isNews(state: Float64Array, score: number): boolean {
    const quiet = (state[since] ?? 0) + 1;
    state[since] = score > 0.1 ? 0 : quiet;
    const odds = score / (1 - Math.min(score, 1 - 1e-12));
    if (quiet > eventPoints) state[told] = 0;
    if (odds < 0.1 || odds < 10 * (state[told] ?? 0)) return false;
    state[told] = odds;
    return true;
  }
}

/** 5 numbers: the threshold and its scale, and how many peaks there were, how large, how spread. */
function createPeaks(slots: Slots) {
  const threshold = slots.take(5);
  const [scale, count, size, square] = [threshold + 1, threshold + 2, threshold + 3, threshold + 4];
  const get = (state: Float64Array, slot: number): number => state[slot] ?? 0;
  return {
    begin: (state: Float64Array): void => void state.fill(0, threshold, square + 1),
    limit: (state: Float64Array): number => get(state, threshold) + 4 * get(state, size),
    chance(state: Float64Array, x: number): number {
      const over = x - get(state, threshold);
      const mean = get(state, size);
      if (over <= 0 || mean <= 0) return 1 - quantile;
      const spread = Math.max(get(state, square) - mean * mean, 1e-12 * mean * mean);
      const ratio = (mean * mean) / spread;
      const shape = Math.min(0.5, Math.max(0.01, 0.5 * (1 - ratio)));
      return (1 - quantile) * (1 + (shape * over) / (mean * (1 - shape))) ** (-1 / shape);
    },
    learn(state: Float64Array, x: number): void {
      const n = Math.min(get(state, count) + 1, 2_000);
      state[count] = n;
      const limit = get(state, threshold);
      if (n === 1) {
        state[threshold] = x;
        return;
      }
      // The quantile by stochastic approximation, in steps of the mean distance.
      const mean = get(state, size);
      const far = Math.abs(x - limit);
      const off = mean > 0 ? Math.min(far, mostOfMean * mean) : far;
      const usual = get(state, scale) + (off - get(state, scale)) / n;
      state[scale] = usual;
      state[threshold] = limit + ((5 * usual) / n ** 0.75) * (x > limit ? quantile : quantile - 1);
      if (x <= limit || n < 50) return;
      const share = peaksKept ** -0.75;
      state[size] = mean === 0 ? off : mean + (off - mean) * share;
      const squares = get(state, square);
      state[square] = squares === 0 ? 2 * off * off : squares + (off * off - squares) * share;
    },
  };
}
