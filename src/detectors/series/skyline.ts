// The nine tests of Etsy's Skyline (2013) and their consensus, as a stream with a bounded memory.
import { type Band, bandOfValue, type SeriesModel } from "./model.ts";
import { createPace } from "./pace.ts";
import { createRobust } from "./robust.ts";
import {
  createHours,
  createLine,
  createMoments,
  createShares,
  createWindow,
  type Hours,
  type Line,
  type Moments,
  type Shares,
  type Window,
} from "./skyline-parts.ts";
import { createSlots } from "./slots.ts";
import { createBallot } from "./vote.ts";

/** Its names, in its order. */
export const skylineTests = [
  "first_hour_average",
  "mean_subtraction_cumulation",
  "stddev_from_average",
  "stddev_from_moving_average",
  "least_squares",
  "grubbs",
  "histogram_bins",
  "median_absolute_deviation",
  "ks_test",
] as const;

export type SkylineTest = (typeof skylineTests)[number];

export interface SkylineOptions {
  /** Default: all nine. */
  readonly tests?: readonly SkylineTest[];
  /** Tests that must agree (default 6, as there). */
  readonly consensus?: number;
}

const warmPoints = 100;
/** The critical value of Grubbs' test for a thousand points at 5 %. */
const grubbs = 4.03;
/** 20 of the 1,440 points of a day. */
const rareShare = 20 / 1_440;

/**
 * Skyline keeps a day and works all of it out for each point; here each test keeps what it needs:
 * means with exponential memory of 1,440 points for those over its day, 24 hours' sums for the
 * first hour, shares of 15 bins of deviations for the histogram, the last 72 points for the rest.
 */
export function skyline(options: SkylineOptions = {}): SeriesModel {
  const { tests = skylineTests, consensus = Math.min(6, tests.length) } = options;
  const slots = createSlots();
  const pace = createPace(slots);
  const day = createMoments(slots, 1_440);
  const moving = createMoments(slots, 51);
  const line = createLine(slots, 1_440);
  const center = createRobust(slots);
  const shares = createShares(slots);
  const window = createWindow(slots);
  const hours = createHours(slots);
  const ballot = createBallot(slots, consensus);
  const last = slots.take(2);
  const parts = [pace, day, moving, line, center, shares, window, hours, ballot];
  const memory: Memory = { day, moving, line, shares, window, hours };
  const wanted = new Set(tests);
  const learnt = (state: Float64Array): number => Math.min(1, pace.points(state) / warmPoints);

  return {
    name: "skyline",
    size: slots.size,
    learnt,
    standing: ballot.standing,
    begin(state) {
      for (const part of parts) part.begin(state);
      state.fill(0, last, last + 2);
    },
    observe(state, atMs, value) {
      if (pace.step(state, atMs) < 0) return 0;
      window.push(state, value);
      const tail = window.tail(state);
      const side = Math.sign(value - center.median(state));
      const deviations = side * center.step(state, value);
      const votes =
        learnt(state) < 1 ? 0 : agreeing(memory, wanted, state, { value, tail, deviations });
      state[last] = value;
      state[last + 1] = day.mean(state);
      for (const part of [day, moving, line]) part.step(state, value);
      shares.learn(state, deviations);
      hours.step(state, atMs, value);
      return ballot.cast(state, votes);
    },
    band(state): Band | undefined {
      if (learnt(state) < 1) return undefined;
      const expected = state[last + 1] ?? 0;
      const spread = 3 * day.deviation(state);
      return bandOfValue(
        state[last] ?? 0,
        expected,
        [expected - spread, expected + spread],
        pace.usualMs(state),
      );
    },
  };
}

interface Memory {
  readonly day: Moments;
  readonly moving: Moments;
  readonly line: Line;
  readonly shares: Shares;
  readonly window: Window;
  readonly hours: Hours;
}

interface Look {
  readonly value: number;
  /** The mean of the last three. */
  readonly tail: number;
  /** From the median. */
  readonly deviations: number;
}

/** How many of the wanted tests take the point for an anomaly. */
function agreeing(
  { day, moving, line, shares, window, hours }: Memory,
  wanted: ReadonlySet<SkylineTest>,
  state: Float64Array,
  { value, tail, deviations }: Look,
): number {
  const z = Math.abs(tail - day.mean(state)) / day.deviation(state);
  const off = (from: number, deviation: number): boolean => Math.abs(tail - from) > 3 * deviation;
  const says: Readonly<Record<SkylineTest, boolean>> = {
    first_hour_average: off(hours.mean(state), hours.deviation(state)),
    mean_subtraction_cumulation: Math.abs(value - day.mean(state)) > 3 * day.deviation(state),
    stddev_from_average: z > 3,
    stddev_from_moving_average: off(moving.mean(state), moving.deviation(state)),
    least_squares: off(line.forecast(state), line.deviation(state)),
    grubbs: z > grubbs,
    histogram_bins: shares.share(state, deviations) < rareShare,
    median_absolute_deviation: Math.abs(deviations) > 6 / 1.4826,
    ks_test: window.distance(state) > 0.5,
  };
  let votes = 0;
  for (const test of wanted) if (says[test]) votes++;
  return votes;
}
