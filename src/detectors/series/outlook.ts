// What is to be expected of a series: its level, its day or its week, whichever has been right more often.
import { type Arrival, createFrame, type Frame, type Outlier } from "./frame.ts";
import { shareOf } from "./pace.ts";
import { createSeason, type Season } from "./season.ts";
import type { Slots } from "./slots.ts";

const dayMs = 86_400_000;
/** How long the level and the errors remember; in points at least. */
const levelMs = 3.5 * dayMs;
const levelPoints = 1_000;
const errorMs = 1.75 * dayMs;
const errorPoints = 500;
/** A season is believed when its error is this much smaller. */
const better = 0.9;
/** A visit teaches a season at most so many of its usual errors. */
const mostErrors = 4;

export interface Outlook {
  begin(state: Float64Array): void;
  /** The slow mean of all values; the first value before that. */
  level(state: Float64Array, value: number): number;
  /** @returns how far the point and its means pass what was seen, without what was expected. */
  step(state: Float64Array, point: Arrival): number;
  /** The series as it is. */
  readonly plain: Frame;
  /** What was expected of the last point, and what the range of points was before it. */
  expected(state: Float64Array): { expected: number; low: number; high: number };
  worstMean(state: Float64Array, floor: number): Outlier | undefined;
}

const get = (state: Float64Array, slot: number): number => state[slot] ?? 0;

/** `at`: mean, points, chosen frame, expected, low and high; 6 numbers. */
interface Parts {
  readonly at: number;
  readonly day: Season;
  readonly week: Season;
  readonly frames: readonly [Frame, Frame, Frame];
}

export function createOutlook(slots: Slots): Outlook {
  const day = createSeason(slots, { periodMs: dayMs, bins: 48, newest: 0.3 });
  const week = createSeason(slots, { periodMs: 7 * dayMs, bins: 168, newest: 0.5 });
  const [plain, daily, weekly] = [createFrame(slots), createFrame(slots), createFrame(slots)];
  const at = slots.take(6);
  const parts: Parts = { at, day, week, frames: [plain, daily, weekly] };
  const [mean, count, chosen, expected, low, high] = [at, at + 1, at + 2, at + 3, at + 4, at + 5];
  const frameOf = (state: Float64Array): Frame => {
    const which = get(state, chosen);
    return which === 2 ? weekly : which === 1 ? daily : plain;
  };
  const level = (state: Float64Array, value: number): number =>
    get(state, count) === 0 ? value : get(state, mean);
  return {
    plain,
    level,
    begin(state) {
      for (const part of [day, week, plain, daily, weekly]) part.begin(state);
      state.fill(0, at, at + 6);
    },
    step(state, point) {
      const { atMs, value } = point;
      const middle = level(state, value);
      const ofDay = day.expect(state, atMs);
      const ofWeek = week.expect(state, atMs);
      choose(parts, state, middle, ofDay, ofWeek);
      const out = stepFrames(parts, state, point, ofDay, ofWeek);
      learn(parts, state, point, middle, ofDay, ofWeek);
      return out;
    },
    expected(state) {
      const [usual, offset] = [get(state, expected), get(state, chosen) > 0 ? 1 : 0];
      const [from, to] = [get(state, low) + offset * usual, get(state, high) + offset * usual];
      return { expected: usual, low: from, high: to };
    },
    worstMean: (state, floor) => {
      const worst = frameOf(state).worstMean(state, floor);
      if (!worst || get(state, chosen) === 0) return worst;
      const usual = get(state, expected);
      const [from, to] = [worst.low + usual, worst.high + usual];
      return { ...worst, value: worst.value + usual, low: from, high: to };
    },
  };
}

function choose(
  { at, frames }: Parts,
  state: Float64Array,
  middle: number,
  ofDay: number,
  ofWeek: number,
): void {
  const [plain, daily, weekly] = frames;
  const e0 = plain.error(state);
  const e1 = daily.error(state);
  const e2 = weekly.error(state);
  let which: 0 | 1 | 2 = !Number.isNaN(ofDay) && e1 < better * e0 ? 1 : 0;
  if (!Number.isNaN(ofWeek) && e2 < better * Math.min(e0, e1)) which = 2;
  state[at + 2] = which;
  state[at + 3] = which === 2 ? ofWeek : which === 1 ? ofDay : middle;
  const { point } = frames[which] ?? plain;
  state[at + 4] = point.low(state);
  state[at + 5] = point.high(state);
}

/** All frames learn at each point; the one that expects best speaks. */
function stepFrames(
  { at, frames }: Parts,
  s: Float64Array,
  point: Arrival,
  ofDay: number,
  ofWeek: number,
): number {
  const [plain, daily, weekly] = frames;
  const { value } = point;
  const which = get(s, at + 2);
  let out = plain.step(s, value, point);
  if (!Number.isNaN(ofDay)) {
    const margin = daily.step(s, value - ofDay, point);
    if (which === 1) out = margin;
  }
  if (!Number.isNaN(ofWeek)) {
    const margin = weekly.step(s, value - ofWeek, point);
    if (which === 2) out = margin;
  }
  return out;
}

function learn(
  { at, day, week, frames }: Parts,
  state: Float64Array,
  { atMs, dtMs, value }: Arrival,
  middle: number,
  ofDay: number,
  ofWeek: number,
): void {
  const [plain, daily, weekly] = frames;
  const most1 = mostErrors * daily.error(state);
  const most2 = mostErrors * weekly.error(state);
  const n = get(state, at + 1) + 1;
  state[at + 1] = n;
  const share = Math.max(1 / n, shareOf(dtMs, errorMs, errorPoints));
  const left = value - (Number.isNaN(ofDay) ? middle : ofDay);
  plain.learnError(state, value - middle, share);
  daily.learnError(state, left, share);
  weekly.learnError(state, Number.isNaN(ofWeek) ? left : value - ofWeek, share);
  day.learn(state, atMs, value, most1);
  week.learn(state, atMs, value, most2);
  const slow = Math.max(1 / n, shareOf(dtMs, levelMs, levelPoints));
  state[at] = middle + (value - middle) * slow;
}
