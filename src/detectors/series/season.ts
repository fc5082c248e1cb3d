// What is usual for this time of the day or of the week, learned a visit at a time.
import type { Slots } from "./slots.ts";

export interface SeasonOptions {
  readonly periodMs: number;
  readonly bins: number;
  /** How much the newest visit counts once many have been made. */
  readonly newest: number;
}

export interface Season {
  begin(state: Float64Array): void;
  /** NaN where it knows nothing yet. Between the middles of two bins it is in between. */
  expect(state: Float64Array, atMs: number): number;
  /**
   * Takes a point. What a bin learns is the mean of a whole visit, at its end: an anomaly that lasts
   * does not teach its own hour, and of what lies further off than `most` only that much is learned.
   */
  learn(state: Float64Array, atMs: number, x: number, most: number): void;
}

/** `bins` + 4 numbers: the bins, which of them is open, its sum and count, and the rounds made. */
export function createSeason(slots: Slots, options: SeasonOptions): Season {
  const { periodMs, bins, newest } = options;
  const at = slots.take(bins + 4);
  const [open, sum, count, rounds] = [at + bins, at + bins + 1, at + bins + 2, at + bins + 3];
  const placeOf = (atMs: number): number => {
    const rounds = atMs / periodMs;
    return (rounds - Math.floor(rounds)) * bins;
  };
  const binOf = (place: number): number => Math.min(bins - 1, Math.floor(place));
  return {
    begin(state) {
      state.fill(Number.NaN, at, open);
      state[open] = -1;
      state.fill(0, sum, rounds + 1);
    },
    expect(state, atMs) {
      const place = placeOf(atMs);
      const bin = binOf(place);
      const own = state[at + bin] ?? Number.NaN;
      const off = place - bin - 0.5;
      const beside = state[at + ((bin + (off < 0 ? bins - 1 : 1)) % bins)] ?? Number.NaN;
      return Number.isNaN(beside) ? own : own + (beside - own) * Math.abs(off);
    },
    learn(state, atMs, x, most) {
      const bin = binOf(placeOf(atMs));
      const was = state[open] ?? -1;
      if (bin !== was) {
        if (was >= 0) close(state, was, most);
        if (bin < was) state[rounds] = (state[rounds] ?? 0) + 1;
        state[open] = bin;
        state[sum] = 0;
        state[count] = 0;
      }
      state[sum] = (state[sum] ?? 0) + x;
      state[count] = (state[count] ?? 0) + 1;
    },
  };

  function close(state: Float64Array, bin: number, most: number): void {
    const mean = (state[sum] ?? 0) / Math.max(1, state[count] ?? 0);
    const known = state[at + bin] ?? Number.NaN;
    if (Number.isNaN(known)) {
      state[at + bin] = mean;
      return;
    }
    const step = Math.max(-most, Math.min(most, mean - known));
    state[at + bin] = known + step * Math.max(newest, 1 / ((state[rounds] ?? 0) + 1));
  }
}
