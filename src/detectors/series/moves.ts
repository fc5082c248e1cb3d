// How a series gets from point to point: how far at once, and how much over the last 72.
import { createMargin, outside } from "./margin.ts";
import { createMeans, fewPoints, longPoints, type Means, shortPoints } from "./means.ts";
import type { Band } from "./model.ts";
import { shareOf } from "./pace.ts";
import type { Slots } from "./slots.ts";

/** Of the usual movement, added before the logarithm is taken: standing still is finite. */
const stillShare = 0.05;
/** Added to the width of a range of logarithms: a tenth more or less is no other movement. */
const movementFloor = 0.1;
const usualMoveMs = 7 * 86_400_000;
const usualMovePoints = 2_000;

/** A band, and by how many widths its value is outside. */
export interface Stray {
  readonly by: number;
  readonly band: Band;
}

export interface Steps {
  begin(state: Float64Array): void;
  /** @returns the margin of the step from the mean of the last four points to this value. */
  step(state: Float64Array, value: number, means: Means, fade: number, floor: number): number;
  stray(state: Float64Array, floor: number, usualMs: number): Stray;
}

/** 14 numbers. */
export function createSteps(slots: Slots): Steps {
  const margin = createMargin(slots);
  const last = slots.take(3);
  const get = (state: Float64Array, at: number): number => state[at] ?? 0;
  return {
    begin(state) {
      margin.begin(state);
      state.fill(0, last, last + 3);
    },
    step(state, value, means, fade, floor) {
      if (means.count(state) < shortPoints) return 0;
      const step = value - means.few(state);
      state[last] = step;
      state[last + 1] = margin.low(state);
      state[last + 2] = margin.high(state);
      return margin.step(state, step, fade, floor);
    },
    stray(state, floor, usualMs) {
      const [value, low, high] = [get(state, last), get(state, last + 1), get(state, last + 2)];
      const over = { points: fewPoints, overMs: fewPoints * usualMs };
      const band = { expected: 0, low, high, aspect: "step" as const, value, ...over };
      return { by: outside(value, low, high, floor), band };
    },
  };
}

export interface Moves {
  begin(state: Float64Array): void;
  /** @returns the margin of the movement: noisier or quieter than it ever was. */
  step(state: Float64Array, moved: number, dtMs: number, fade: number): number;
  stray(state: Float64Array, usualMs: number): Stray;
}

/** 35 numbers. */
export function createMoves(slots: Slots): Moves {
  const means = createMeans(slots);
  const margin = createMargin(slots, longPoints);
  const at = slots.take(1);
  const usualOf = (state: Float64Array): number => state[at] ?? 0;
  const measure = (state: Float64Array): number =>
    Math.log(means.long(state) + stillShare * usualOf(state) + 1e-12);
  const amount = (state: Float64Array, measured: number): number =>
    Math.max(0, Math.exp(measured) - stillShare * usualOf(state));
  return {
    begin(state) {
      means.begin(state);
      margin.begin(state);
      state[at] = 0;
    },
    step(state, moved, dtMs, fade) {
      const usual = usualOf(state);
      means.push(state, moved);
      const n = means.count(state);
      const share = Math.max(1 / n, shareOf(dtMs, usualMoveMs, usualMovePoints));
      state[at] = usual + (moved - usual) * share;
      return n > 2 * longPoints ? margin.step(state, measure(state), fade, movementFloor) : 0;
    },
    stray(state, usualMs) {
      const by = outside(measure(state), margin.low(state), margin.high(state), movementFloor);
      const [low, high] = [amount(state, margin.low(state)), amount(state, margin.high(state))];
      const over = { points: longPoints, overMs: longPoints * usualMs };
      const value = means.long(state);
      const range = { expected: usualOf(state), low, high };
      return { by, band: { ...range, aspect: "movement", value, ...over } };
    },
  };
}
