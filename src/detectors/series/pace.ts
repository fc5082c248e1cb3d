// When points come: how much time each stands for, and which are too late to count.
import type { Slots } from "./slots.ts";

/** A gap stands for so many usual intervals at most: what was not seen is not forgotten either. */
const longestGap = 4;
/** So many late points in a row are no late points: the clock was set back. */
const setBack = 30;

/** 5 numbers. */
export interface Pace {
  begin(state: Float64Array): void;
  /** Milliseconds that this point stands for, 0 for the first; below 0 when it must be dropped. */
  step(state: Float64Array, atMs: number): number;
  /** Points taken so far. */
  points(state: Float64Array): number;
  /** Milliseconds that all of them stand for. */
  seenMs(state: Float64Array): number;
  /** The usual time between two points. */
  usualMs(state: Float64Array): number;
  atMs(state: Float64Array): number;
}

export function createPace(slots: Slots): Pace {
  const last = slots.take(5);
  const [points, seen, usual, late] = [last + 1, last + 2, last + 3, last + 4];
  const get = (state: Float64Array, at: number): number => state[at] ?? 0;
  return {
    begin: (state) => void state.fill(0, last, late + 1),
    step(state, atMs) {
      const n = get(state, points);
      if (n === 0) {
        state[last] = atMs;
        state[points] = 1;
        return 0;
      }
      let dt = atMs - get(state, last);
      if (dt <= 0) {
        const count = get(state, late) + 1;
        state[late] = count;
        if (count < setBack || dt === 0) return -1;
        dt = get(state, usual);
      }
      state[late] = 0;
      const before = get(state, usual);
      // The first intervals make a mean; then a long one moves it as little as a short one can.
      const heard = before > 0 ? Math.min(dt, longestGap * before) : dt;
      state[usual] = before + (heard - before) / Math.min(n, 50);
      state[last] = atMs;
      state[points] = n + 1;
      state[seen] = get(state, seen) + heard;
      return heard;
    },
    points: (state) => get(state, points),
    seenMs: (state) => get(state, seen),
    usualMs: (state) => get(state, usual),
    atMs: (state) => get(state, last),
  };
}

/** The share that a point of `dtMs` moves a mean that remembers so long, and so many points at least. */
export function shareOf(dtMs: number, memoryMs: number, memoryPoints: number): number {
  return Math.min(1 / memoryPoints, dtMs / memoryMs);
}
