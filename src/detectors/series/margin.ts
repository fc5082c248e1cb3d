// How far a number passes all that was seen: ranges that forget slowly, three memories of different length.
import type { Slots } from "./slots.ts";

/** The shortest memory, and 1,000 points at least; the others are 4 and 16 times as long. */
const halfLifeMs = 3.5 * 86_400_000;
const halfLifePoints = 1_000;
const memories = 3;
/** Further out than three times the width of all that was seen is no more unusual than that. */
const most = 3;

export interface Margin {
  begin(state: Float64Array): void;
  /**
   * Takes a number. Being the first beyond n others has a chance of 1 in n whatever the distribution:
   * records need no model of the noise.
   * @param fade how much of its width the shortest memory forgets with this point: `fadeOf`.
   * @param floor what is added to the width: less than that matters to nobody.
   * @returns by how much it passes the ranges, in their widths, 0…3; 0 inside.
   */
  step(state: Float64Array, x: number, fade: number, floor: number): number;
  /** What the shortest memory holds; NaN before the first number. */
  low(state: Float64Array): number;
  high(state: Float64Array): number;
  /** What the longest memory holds. */
  least(state: Float64Array): number;
  greatest(state: Float64Array): number;
}

/** Of a point that stands for `dtMs`. */
export function fadeOf(dtMs: number): number {
  return Math.LN2 * Math.min(1 / halfLifePoints, dtMs / halfLifeMs);
}

/**
 * 11 numbers: three ranges and what they take in next.
 * @param points the numbers are means over so many: a range takes them in that much later, for else
 * a mean on its way up would be held against what it was a step before.
 */
export function createMargin(slots: Slots, points = 1): Margin {
  const at = slots.take(2 * memories + 5);
  const end = at + 2 * memories;
  const [due, next, count] = [end, end + 2, end + 4];
  return {
    begin(state) {
      state.fill(Number.NaN, at, count);
      state[count] = 0;
    },
    step(state, x, fade, floor) {
      const low = state[at] ?? 0;
      const high = state[at + 1] ?? 0;
      // The longer memories reach further: inside the shortest is inside all.
      const sum = x >= low && x <= high ? 0 : beyond(state, at, x, floor);
      if (points === 1) take(state, at, x, x, fade / 2);
      else hold(state, x, fade);
      return sum;
    },
    low: (state) => state[at] ?? 0,
    high: (state) => state[at + 1] ?? 0,
    least: (state) => state[end - 2] ?? 0,
    greatest: (state) => state[end - 1] ?? 0,
  };

  /** Once in `points` steps what was due, which is as old at least, goes in, and the next is due. */
  function hold(state: Float64Array, x: number, fade: number): void {
    const n = (state[count] ?? 0) + 1;
    const low = state[next] ?? x;
    const high = state[next + 1] ?? x;
    if (n < points) {
      state[count] = n;
      state[next] = low < x ? low : x;
      state[next + 1] = high > x ? high : x;
      return;
    }
    state[count] = 0;
    take(state, at, state[due] ?? x, state[due + 1] ?? x, (points * fade) / 2);
    state[due] = low < x ? low : x;
    state[due + 1] = high > x ? high : x;
    state[next] = Number.NaN;
    state[next + 1] = Number.NaN;
  }
}

/** By how much a number lies outside, in widths; for saying which of several stands out most. */
export function outside(x: number, low: number, high: number, floor: number): number {
  const beyond = Math.max(0, x - high, low - x);
  return beyond > 0 ? beyond / Math.max(high - low + floor, 1e-12) : 0;
}

/** By how much it passes the ranges; the first number makes them. */
function beyond(state: Float64Array, at: number, x: number, floor: number): number {
  const end = at + 2 * memories;
  if (!((state[at + 1] ?? 0) >= (state[at] ?? 0))) {
    state.fill(x, at, end);
    return 0;
  }
  let sum = 0;
  for (let i = at; i < end; i += 2) {
    const low = state[i] ?? 0;
    const high = state[i + 1] ?? 0;
    const by = x > high ? x - high : x < low ? low - x : 0;
    const width = high - low + floor;
    if (by > 0) sum += width > 0 ? Math.min(most, by / width) : 1;
  }
  return sum / memories;
}

/** Lets all memories forget their share, and takes these two in. */
function take(
  state: Float64Array,
  at: number,
  least: number,
  greatest: number,
  fade: number,
): void {
  const end = at + 2 * memories;
  let share = fade;
  for (let i = at; i < end; i += 2) {
    const low = state[i] ?? 0;
    const high = state[i + 1] ?? 0;
    const shrink = (high - low) * share;
    state[i] = least < low + shrink ? least : low + shrink;
    state[i + 1] = greatest > high - shrink ? greatest : high - shrink;
    share /= 4;
  }
}
