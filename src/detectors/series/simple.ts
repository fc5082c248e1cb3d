// Models of one idea each: range, season, level, rate of change, shift, trend, forecast.
import { type Feature, modelOf } from "./feature.ts";
import { createMargin, fadeOf } from "./margin.ts";
import type { SeriesModel } from "./model.ts";
import { createRobust } from "./robust.ts";
import { createSeason } from "./season.ts";
import type { Slots } from "./slots.ts";

const dayMs = 86_400_000;

/** How far the value passes the slowly forgotten range of all before. */
export function range(): SeriesModel {
  return modelOf({ name: "range", unit: 1 }, (slots) => {
    const margin = createMargin(slots);
    const at = slots.take(2);
    return {
      begin(state) {
        margin.begin(state);
        state.fill(0, at, at + 2);
      },
      step(state, { value, dtMs, n }) {
        state[at] = n > 1 ? margin.low(state) : value;
        state[at + 1] = n > 1 ? margin.high(state) : value;
        return margin.step(state, value, fadeOf(dtMs), 0);
      },
      expected: (state) => ((state[at] ?? 0) + (state[at + 1] ?? 0)) / 2,
      spread: (state) => ((state[at + 1] ?? 0) - (state[at] ?? 0)) / 2,
    };
  });
}

/** How far the value is from what is usual for its time of the day, or of the week. */
export function profile(options: { readonly period: "day" | "week" }): SeriesModel {
  const isDay = options.period === "day";
  const shape = isDay ? { bins: 48, newest: 0.3 } : { bins: 168, newest: 0.5 };
  const periodMs = isDay ? dayMs : 7 * dayMs;
  const name = isDay ? "daily" : "weekly";
  return modelOf({ name, unit: 10, warmDays: isDay ? 2 : 14 }, (slots) => {
    const season = createSeason(slots, { ...shape, periodMs });
    const off = createRobust(slots);
    const at = slots.take(1);
    return {
      begin(state) {
        season.begin(state);
        off.begin(state);
        state[at] = 0;
      },
      step(state, { atMs, value }) {
        const usual = season.expect(state, atMs);
        season.learn(state, atMs, value, Math.max(4 * off.deviation(state), 1e-9));
        state[at] = Number.isNaN(usual) ? value : usual;
        return Number.isNaN(usual) ? 0 : beyond(off.step(state, value - usual));
      },
      expected: (state) => state[at] ?? 0,
      spread: (state) => 3 * off.deviation(state),
    };
  });
}

/** How many robust deviations the value is from the running median. */
export function level(): SeriesModel {
  return modelOf({ name: "level", unit: 10 }, (slots) => ofDeviations(slots, (value) => value));
}

/** How many robust deviations the change since the point before is from the usual change. */
export function rateOfChange(): SeriesModel {
  return modelOf({ name: "rate", unit: 10 }, (slots) => {
    const before = slots.take(1);
    const change = ofDeviations(slots, (value, state, n) => {
      const by = n > 1 ? value - (state[before] ?? 0) : 0;
      state[before] = value;
      return by;
    });
    return {
      ...change,
      begin(state) {
        change.begin(state);
        state[before] = 0;
      },
    };
  });
}

/**
 * Double exponential smoothing (Holt 1957): how many robust deviations the value is from the
 * forecast of the point before. A deviation of 3 at most teaches it.
 */
export function holt(
  options: { readonly level?: number; readonly trend?: number } = {},
): SeriesModel {
  const { level: alpha = 0.1, trend: beta = 0.01 } = options;
  return modelOf({ name: "holt", unit: 10 }, (slots) => {
    const off = createRobust(slots);
    const at = slots.take(3);
    const [smooth, slope, forecast] = [at, at + 1, at + 2];
    return {
      begin(state) {
        off.begin(state);
        state.fill(0, at, at + 3);
      },
      step(state, { value, n }) {
        if (n === 1) state[smooth] = value;
        const expected = (state[smooth] ?? 0) + (state[slope] ?? 0);
        state[forecast] = expected;
        const most = off.deviation(state) > 0 ? 3 * off.deviation(state) : Number.POSITIVE_INFINITY;
        const error = Math.max(-most, Math.min(most, value - expected));
        state[smooth] = expected + alpha * error;
        state[slope] = (state[slope] ?? 0) + alpha * beta * error;
        return beyond(off.step(state, value - expected));
      },
      expected: (state) => state[forecast] ?? 0,
      spread: (state) => 3 * off.deviation(state),
    };
  });
}

export interface ChangePointOptions {
  /** Deviations that are drift, not change (default 0.5): a shift of twice that is found best. */
  readonly slack?: number;
}

/**
 * Cumulative sums of deviations from the running median, upward and downward (Page 1954; the rule
 * of Page–Hinkley is the same sum against the running mean). Clipped at 4 deviations a point.
 */
export function changePoint({ slack = 0.5 }: ChangePointOptions = {}): SeriesModel {
  return modelOf({ name: "change", unit: 40 }, (slots) => {
    const center = createRobust(slots);
    const at = slots.take(2);
    const most = 100;
    return {
      begin(state) {
        center.begin(state);
        state.fill(0, at, at + 2);
      },
      step(state, { value }) {
        const side = Math.sign(value - center.median(state));
        const z = side * Math.min(4, center.step(state, value));
        const up = Math.min(most, Math.max(0, (state[at] ?? 0) + z - slack));
        const down = Math.min(most, Math.max(0, (state[at + 1] ?? 0) - z - slack));
        state[at] = up;
        state[at + 1] = down;
        return Math.max(up, down);
      },
      expected: (state) => center.median(state),
      spread: (state) => 3 * center.deviation(state),
    };
  });
}

/** Within two deviations nothing is out at all: the tail is learned from what is. */
function beyond(deviations: number): number {
  return Math.max(0, deviations - 2);
}

function ofDeviations(
  slots: Slots,
  of: (value: number, state: Float64Array, n: number) => number,
): Feature {
  const center = createRobust(slots);
  const at = slots.take(1);
  return {
    begin(state) {
      center.begin(state);
      state[at] = 0;
    },
    step(state, { value, n }) {
      state[at] = center.median(state);
      return beyond(center.step(state, of(value, state, n)));
    },
    expected: (state) => state[at] ?? 0,
    spread: (state) => 3 * center.deviation(state),
  };
}
