// The median of a series and of its distance from it, in four numbers, by steps that shrink.
import type { Slots } from "./slots.ts";

export interface Robust {
  begin(state: Float64Array): void;
  /** @returns how many deviations a value is off, as of a normal distribution; before it learns it. */
  step(state: Float64Array, x: number): number;
  median(state: Float64Array): number;
  /** 1.4826 times the median of distances: the standard deviation, were it normal. */
  deviation(state: Float64Array): number;
}

/** Of a normal distribution: its standard deviation ÷ the median of distances from the median. */
const perMad = 1.4826;
/** Where most values are alike the median of distances is 0; this share of their mean is not. */
const leastOfMean = 0.5;
/** Further out is no more unusual than that. */
const most = 100;
/** Points after which steps shrink no more; a shift is learned in about as many. */
const memory = 500;

/**
 * Stochastic approximation (Robbins and Monro 1951): the median moves up by a step when a value is
 * above, down when it is below, whatever its size, so no value can pull it. Steps are in deviations.
 */
export function createRobust(slots: Slots): Robust {
  const median = slots.take(4);
  const [mad, mean, count] = [median + 1, median + 2, median + 3];
  const deviation = (state: Float64Array): number =>
    Math.max(perMad * (state[mad] ?? 0), leastOfMean * (state[mean] ?? 0));
  return {
    begin: (state) => void state.fill(0, median, count + 1),
    median: (state) => state[median] ?? 0,
    deviation,
    step(state, x) {
      const n = (state[count] ?? 0) + 1;
      state[count] = n;
      if (n === 1) {
        state[median] = x;
        return 0;
      }
      const center = state[median] ?? 0;
      const off = Math.abs(x - center);
      const scale = Math.max(state[mad] ?? 0, 1e-300);
      const before = deviation(state);
      const deviations = before > 0 ? Math.min(most, off / before) : 0;
      const usual = state[mean] ?? 0;
      state[mean] = usual + (off - usual) / Math.min(n, memory);
      if (n <= 20) {
        // A first guess by means.
        state[median] = center + (x - center) / n;
        state[mad] = scale + (0.67 * off - scale) / n;
        return 0;
      }
      const step = 3 / Math.min(n, memory);
      state[median] = center + Math.sign(x - center) * before * step;
      state[mad] = scale * Math.exp(off > scale ? step : -step);
      return deviations;
    },
  };
}
