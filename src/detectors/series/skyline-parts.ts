// What Skyline's tests remember: moments, a line, hours, shares of bins and the last points.
import type { Slots } from "./slots.ts";

interface Part {
  begin(state: Float64Array): void;
}

export interface Moments extends Part {
  mean(state: Float64Array): number;
  deviation(state: Float64Array): number;
  step(state: Float64Array, x: number): void;
}

export interface Line extends Part {
  /** What the line says of the next point. */
  forecast(state: Float64Array): number;
  deviation(state: Float64Array): number;
  step(state: Float64Array, x: number): void;
}

export interface Hours extends Part {
  /** Of the first hour of the day behind. */
  mean(state: Float64Array): number;
  deviation(state: Float64Array): number;
  step(state: Float64Array, atMs: number, x: number): void;
}

export interface Shares extends Part {
  /** Of all points, in the bin of this one. */
  share(state: Float64Array, deviations: number): number;
  learn(state: Float64Array, deviations: number): void;
}

export interface Window extends Part {
  /** The mean of the last three. */
  tail(state: Float64Array): number;
  distance(state: Float64Array): number;
  push(state: Float64Array, x: number): void;
}

const get = (state: Float64Array, at: number): number => state[at] ?? 0;
/** Rounding is no deviation. */
const least = (mean: number): number => 1e-9 * Math.abs(mean) + 1e-12;

/** Mean and standard deviation with exponential memory; 3 numbers. */
export function createMoments(slots: Slots, points: number): Moments {
  const mean = slots.take(3);
  const [variance, count] = [mean + 1, mean + 2];
  return {
    begin: (state: Float64Array): void => void state.fill(0, mean, count + 1),
    mean: (state: Float64Array): number => get(state, mean),
    deviation: (state: Float64Array): number =>
      Math.sqrt(get(state, variance)) + least(get(state, mean)),
    step(state: Float64Array, x: number): void {
      const n = get(state, count) + 1;
      state[count] = n;
      const share = 1 / Math.min(n, points);
      const off = x - get(state, mean);
      state[mean] = get(state, mean) + share * off;
      state[variance] = (1 - share) * (get(state, variance) + share * off * off);
    },
  };
}

/** Least squares on a line with exponential memory, its sums taken about the last point; 7 numbers. */
export function createLine(slots: Slots, points: number): Line {
  const at = slots.take(7);
  const [s0, s1, s2, x0, x1, square, count] = [at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6];
  const forecast = (state: Float64Array): number => {
    const [a, b, c] = [get(state, s0), get(state, s1), get(state, s2)];
    const [x, y] = [get(state, x0), get(state, x1)];
    const determinant = a * c - b * b;
    if (determinant <= 1e-9 * a * c) return a > 0 ? x / a : 0;
    // One step on from the last point.
    return (c * x - b * y + (a * y - b * x)) / determinant;
  };
  return {
    forecast,
    begin: (state: Float64Array): void => void state.fill(0, at, at + 7),
    deviation: (state: Float64Array): number =>
      Math.sqrt(get(state, square)) + least(forecast(state)),
    step(state: Float64Array, x: number): void {
      const n = get(state, count) + 1;
      state[count] = n;
      const error = n > 2 ? x - forecast(state) : 0;
      state[square] =
        get(state, square) + (error * error - get(state, square)) / Math.min(n, points);
      const keep = 1 - 1 / points;
      const [a, b] = [get(state, s0), get(state, s1)];
      state[s2] = keep * (get(state, s2) - 2 * b + a);
      state[s1] = keep * (b - a);
      state[s0] = keep * a + 1;
      state[x1] = keep * (get(state, x1) - get(state, x0));
      state[x0] = keep * get(state, x0) + x;
    },
  };
}

const hourMs = 3_600_000;
const hoursKept = 24;

/** Sums of each of the last 24 hours; the oldest is the first of the day behind. 74 numbers. */
export function createHours(slots: Slots): Hours {
  const at = slots.take(3 * hoursKept + 2);
  const [open, filled] = [at + 3 * hoursKept, at + 3 * hoursKept + 1];
  const oldest = (state: Float64Array): number => {
    const hour = get(state, open);
    const behind = Math.max(0, Math.min(hoursKept, get(state, filled)) - 1);
    return at + 3 * ((((hour - behind) % hoursKept) + hoursKept) % hoursKept);
  };
  const mean = (state: Float64Array): number => {
    const slot = oldest(state);
    return get(state, slot) / Math.max(1, get(state, slot + 2));
  };
  return {
    mean,
    begin: (state: Float64Array): void => void state.fill(0, at, filled + 1),
    deviation(state: Float64Array): number {
      const slot = oldest(state);
      const square = get(state, slot + 1) / Math.max(1, get(state, slot + 2));
      return Math.sqrt(Math.max(0, square - mean(state) ** 2)) + least(mean(state));
    },
    step(state: Float64Array, atMs: number, x: number): void {
      const hour = Math.floor(atMs / hourMs);
      const slot = at + 3 * (((hour % hoursKept) + hoursKept) % hoursKept);
      if (get(state, filled) === 0 || hour !== get(state, open)) {
        state.fill(0, slot, slot + 3);
        state[filled] = get(state, filled) + 1;
        state[open] = hour;
      }
      state[slot] = get(state, slot) + x;
      state[slot + 1] = get(state, slot + 1) + x * x;
      state[slot + 2] = get(state, slot + 2) + 1;
    },
  };
}

const bins = 15;
const widest = 5;

/** The share of points in each of 15 bins of deviations. */
export function createShares(slots: Slots): Shares {
  const at = slots.take(bins + 1);
  const binOf = (deviations: number): number => {
    const place = ((deviations + widest) / (2 * widest)) * bins;
    return Math.max(0, Math.min(bins - 1, Math.floor(place)));
  };
  return {
    begin: (state: Float64Array): void => void state.fill(0, at, at + bins + 1),
    share: (state: Float64Array, deviations: number): number =>
      get(state, at + 1 + binOf(deviations)),
    learn(state: Float64Array, deviations: number): void {
      const n = get(state, at) + 1;
      state[at] = n;
      const share = 1 / Math.min(n, 1_440);
      const bin = binOf(deviations);
      for (let i = 0; i < bins; i++) {
        const was = get(state, at + 1 + i);
        state[at + 1 + i] = was + share * ((i === bin ? 1 : 0) - was);
      }
    },
  };
}

const windowPoints = 72;
const newPoints = 12;
/** The two samples are compared once in so many points. */
const comparedEach = 12;

/** The last 72 points, and how far apart the last 12 and those before are (Kolmogorov–Smirnov). */
export function createWindow(slots: Slots): Window {
  const at = slots.take(windowPoints + 2);
  const [count, apart] = [at + windowPoints, at + windowPoints + 1];
  return {
    begin: (state: Float64Array): void => void state.fill(0, at, apart + 1),
    tail(state: Float64Array): number {
      const n = get(state, count) | 0;
      const of = Math.min(3, n);
      let sum = 0;
      for (let i = n - of; i < n; i++) sum += get(state, at + (i % windowPoints));
      return of > 0 ? sum / of : 0;
    },
    distance: (state: Float64Array): number => get(state, apart),
    push(state: Float64Array, x: number): void {
      const n = get(state, count) | 0;
      state[at + (n % windowPoints)] = x;
      state[count] = n + 1;
      if (n >= windowPoints && n % comparedEach === 0) state[apart] = compare(state, n + 1);
    },
  };

  function compare(state: Float64Array, n: number): number {
    const points = Array.from({ length: windowPoints }, (_, i) => ({
      value: get(state, at + ((n - windowPoints + i) % windowPoints)),
      isNew: i >= windowPoints - newPoints,
    })).sort((a, b) => a.value - b.value);
    let [old, fresh, most] = [0, 0, 0];
    for (const [i, { value, isNew }] of points.entries()) {
      if (isNew) fresh++;
      else old++;
      if (points[i + 1]?.value === value) continue;
      most = Math.max(most, Math.abs(old / (windowPoints - newPoints) - fresh / newPoints));
    }
    return most;
  }
}
