// The contract of a model of one series: numbers in, how unusual each is out, in a bounded block of numbers.

/** What of a series stands out: the value, a mean of the last ones, a step to the next, or how it moves. */
export type Aspect = "value" | "mean" | "step" | "movement";

/** What was to be expected of the point that came last. */
export interface Band {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** What stands out most, or would; the numbers are of it. */
  readonly aspect: Aspect;
  /** What it was. */
  readonly value: number;
  /** The points and the time it is of: one for a value, twelve for a mean of so many. */
  readonly points: number;
  readonly overMs: number;
}

/**
 * The state of a series is one block of `size` doubles, changed in place by whoever owns it: a copy
 * of the block is a snapshot, and going on from it is the same as never having stopped. The same
 * points give the same scores, and later points never change earlier ones. Each call takes O(1).
 */
export interface SeriesModel {
  readonly name: string;
  /** Doubles per series; 512 are 4 KiB. */
  readonly size: number;
  /** Makes a block the state of a series that has not begun. */
  begin(state: Float64Array): void;
  /**
   * Takes a point. `atMs` is wall-clock time, in ms since 1970 and in the zone in which days are
   * meant; a point that is not later than the one before is dropped. `value` is finite.
   * @returns what is news about the series, from 0, nothing, to 1: 1 / (1 + F), when F such alarms
   * are to be expected in a month in which nothing happens. To alarm from 1 / (1 + budget) on is to
   * keep to a budget. 0 while it learns, and while an event goes on and grows no rarer.
   */
  observe(state: Float64Array, atMs: number, value: number): number;
  /** On the same scale, how unusual the series is at its last point, news or not. */
  standing(state: Float64Array): number;
  /** From 0 to 1: how much of its warm-up is behind a series. */
  learnt(state: Float64Array): number;
  /** Undefined while it does not know. */
  band(state: Float64Array): Band | undefined;
}

/** The score from which on alarms keep to so many false ones per series and month. */
export function scoreOf(budget: number): number {
  return 1 / (1 + budget);
}

/** The band of a value: of a model that looks at nothing else. */
export function bandOfValue(
  value: number,
  expected: number,
  [low, high]: readonly [number, number],
  overMs: number,
): Band {
  return { expected, low, high, aspect: "value", value, points: 1, overMs };
}
