// A series held against one way to expect it: what is left, at four time scales, and how much that is.
import { createMargin, type Margin, outside } from "./margin.ts";
import { createMeans, fewPoints, longPoints, type Means, shortPoints } from "./means.ts";
import type { Slots } from "./slots.ts";

/** The point that is being taken in: one object, filled anew for each, so that points make no garbage. */
export interface Arrival {
  atMs: number;
  dtMs: number;
  value: number;
  /** The margin of the step to it: a second look at the same point, not a second proof. */
  jump: number;
  fade: number;
  floor: number;
}

export interface Frame {
  begin(state: Float64Array): void;
  /**
   * @param left the value without what was expected.
   * @returns the margins of the point and of its means, added.
   */
  step(state: Float64Array, left: number, arrival: Arrival): number;
  /** What is usually left, without its sign: the frame in which it is least expects best. */
  error(state: Float64Array): number;
  learnError(state: Float64Array, left: number, share: number): void;
  readonly point: Margin;
  readonly means: Means;
  /** The mean that stands out most; undefined when all are within their ranges. */
  worstMean(state: Float64Array, floor: number): Outlier | undefined;
}

export interface Outlier {
  readonly points: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly by: number;
}

/** 23 + 4 × 11 + 1 numbers. */
export function createFrame(slots: Slots): Frame {
  const means = createMeans(slots);
  const point = createMargin(slots);
  const few = createMargin(slots, fewPoints);
  const short = createMargin(slots, shortPoints);
  const long = createMargin(slots, longPoints);
  const error = slots.take(1);
  const scales = [
    [fewPoints, few, means.few],
    [shortPoints, short, means.short],
    [longPoints, long, means.long],
  ] as const;
  return {
    point,
    means,
    begin(state) {
      for (const part of [means, point, few, short, long]) part.begin(state);
      state[error] = 0;
    },
    step(state, left, arrival) {
      const { jump, fade, floor } = arrival;
      // One point is one proof: into the means it goes no further out than anything was before.
      const least = point.low(state);
      const greatest = point.high(state);
      means.push(state, left > greatest ? greatest : left < least ? least : left);
      let sum = Math.max(jump, point.step(state, left, fade, floor));
      // A mean of fewer points strays further: it would widen the range for weeks.
      const n = means.count(state);
      if (n >= fewPoints) sum += few.step(state, means.few(state), fade, floor);
      if (n >= shortPoints) sum += short.step(state, means.short(state), fade, floor);
      if (n >= longPoints) sum += long.step(state, means.long(state), fade, floor);
      return sum;
    },
    error: (state) => state[error] ?? 0,
    learnError(state, left, share) {
      const was = state[error] ?? 0;
      state[error] = was + share * (Math.abs(left) - was);
    },
    worstMean(state, floor) {
      let worst: Outlier | undefined;
      for (const [points, margin, mean] of scales) {
        if (means.count(state) < points) continue;
        const [value, low, high] = [mean(state), margin.low(state), margin.high(state)];
        const by = outside(value, low, high, floor);
        if (by > (worst?.by ?? 0)) worst = { points, value, low, high, by };
      }
      return worst;
    },
  };
}
