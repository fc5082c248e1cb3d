// The contract of a model of one series: numbers in, how unusual each is out, in a bounded block of numbers.

/** What was to be expected of the point that came last. */
export interface Band {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
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
   * meant, and never goes back; `value` is finite.
   * @returns from 0, as usual, to 1. 0 while it learns.
   */
  observe(state: Float64Array, atMs: number, value: number): number;
  /** From 0 to 1: how much of its warm-up is behind a series. */
  learnt(state: Float64Array): number;
  /** Undefined while it does not know. */
  band(state: Float64Array): Band | undefined;
}
