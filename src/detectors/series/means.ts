// Means of the last 4, 12 and 72 points.
import type { Slots } from "./slots.ts";

export const fewPoints = 4;
export const shortPoints = 12;
/** So many dozens make the long mean. */
const dozens = 6;
export const longPoints: number = shortPoints * dozens;

export interface Means {
  begin(state: Float64Array): void;
  push(state: Float64Array, x: number): void;
  /** Points that came. */
  count(state: Float64Array): number;
  few(state: Float64Array): number;
  short(state: Float64Array): number;
  /** Of the last 72 to 83 points: its oldest leave by the dozen. */
  long(state: Float64Array): number;
}

/** 23 numbers: the last 12 points, the sums of the last 6 dozens, four sums and how many points came. */
export function createMeans(slots: Slots): Means {
  const ring = slots.take(shortPoints + dozens + 5);
  const blocks = ring + shortPoints;
  const short = blocks + dozens;
  const [few, full, open, count] = [short + 1, short + 2, short + 3, short + 4];
  return {
    begin: (state) => void state.fill(0, ring, count + 1),
    push(state, x) {
      // As a whole number: a remainder of doubles takes as long as all else here.
      const n = (state[count] ?? 0) | 0;
      const slot = n % shortPoints;
      state[short] = (state[short] ?? 0) + x - (state[ring + slot] ?? 0);
      const fourth = slot < fewPoints ? slot + shortPoints - fewPoints : slot - fewPoints;
      state[few] = (state[few] ?? 0) + x - (state[ring + fourth] ?? 0);
      state[ring + slot] = x;
      state[open] = (slot === 0 ? 0 : (state[open] ?? 0)) + x;
      state[count] = n + 1;
      if (slot === shortPoints - 1) close(state, Math.floor(n / shortPoints) % dozens);
    },
    count: (state) => state[count] ?? 0,
    few: (state) => (state[few] ?? 0) / fewPoints,
    short: (state) => (state[short] ?? 0) / Math.min(Math.max(1, state[count] ?? 0), shortPoints),
    long(state) {
      const n = (state[count] ?? 0) | 0;
      const since = n % shortPoints;
      const kept = Math.min(n - since, longPoints);
      if (kept + since === 0) return 0;
      return ((state[full] ?? 0) + (since > 0 ? (state[open] ?? 0) : 0)) / (kept + since);
    },
  };

  /** Sums are made anew once a dozen: rounding must not pile up. */
  function close(state: Float64Array, block: number): void {
    let exact = 0;
    for (let i = blocks - fewPoints; i < blocks; i++) exact += state[i] ?? 0;
    state[few] = exact;
    for (let i = ring; i < blocks - fewPoints; i++) exact += state[i] ?? 0;
    state[short] = exact;
    state[blocks + block] = exact;
    let all = 0;
    for (let i = blocks; i < short; i++) all += state[i] ?? 0;
    state[full] = all;
  }
}
