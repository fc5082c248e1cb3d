// The model that needs no configuration: seasons, four time scales, steps and movement, calibrated.
import type { Arrival } from "./frame.ts";
import { fadeOf, outside } from "./margin.ts";
import { type Band, bandOfValue, type SeriesModel } from "./model.ts";
import { createMoves, createSteps, type Moves, type Steps, type Stray } from "./moves.ts";
import { createOutlook, type Outlook } from "./outlook.ts";
import { createPace, type Pace } from "./pace.ts";
import { createSlots } from "./slots.ts";
import { createTail } from "./tail.ts";

const warmMs = 2 * 86_400_000;
const warmPoints = 100;
/** Changes of less than a hundredth of the level matter to nobody. */
const floorShare = 0.01;

interface Parts {
  readonly pace: Pace;
  readonly outlook: Outlook;
  readonly moves: Moves;
  readonly steps: Steps;
}

/**
 * Its output is the sum of the margins by which a point and its means pass what was ever seen of
 * them, without what was to be expected for the time of day or week when that expects better, and
 * the margin of how much the series moves: a spike, a shift, a drift and a silence add up in one.
 */
export function adaptive(): SeriesModel {
  const slots = createSlots();
  const pace = createPace(slots);
  const outlook = createOutlook(slots);
  const moves = createMoves(slots);
  const steps = createSteps(slots);
  const tail = createTail(slots);
  const parts: Parts = { pace, outlook, moves, steps };
  const last = slots.take(2);
  const floorAt = last + 1;
  const arrival: Arrival = { atMs: 0.5, dtMs: 0.5, value: 0.5, jump: 0.5, fade: 0.5, floor: 0.5 };
  const learnt = (state: Float64Array): number =>
    Math.min(1, pace.points(state) / warmPoints, pace.seenMs(state) / warmMs);
  return {
    name: "adaptive",
    size: slots.size,
    standing: tail.standing,
    learnt,
    band: (state) => bandOf(parts, state, state[last] ?? 0, state[floorAt] ?? 0),
    begin(state) {
      for (const part of [pace, outlook, moves, steps, tail]) part.begin(state);
      state.fill(0, last, last + 2);
    },
    observe(state, atMs, value) {
      const dtMs = pace.step(state, atMs);
      if (dtMs < 0) return 0;
      const fade = fadeOf(dtMs);
      const floor = floorShare * Math.abs(outlook.level(state, value));
      arrival.atMs = atMs;
      arrival.dtMs = dtMs;
      arrival.value = value;
      arrival.jump = steps.step(state, value, outlook.plain.means, fade, floor);
      arrival.fade = fade;
      arrival.floor = floor;
      const out = outlook.step(state, arrival);
      const moved = pace.points(state) === 1 ? 0 : Math.abs(value - (state[last] ?? 0));
      state[last] = value;
      state[floorAt] = floor;
      return tail.step(state, dtMs, out + moves.step(state, moved, dtMs, fade), learnt(state) < 1);
    },
  };
}

/** The band of what stands out most; of the value when nothing does. */
function bandOf(
  { pace, outlook, moves, steps }: Parts,
  state: Float64Array,
  value: number,
  floor: number,
): Band | undefined {
  if (pace.points(state) < warmPoints) return undefined;
  const usualMs = pace.usualMs(state);
  const { expected, low, high } = outlook.expected(state);
  const point = bandOfValue(value, expected, [low, high], usualMs);
  let worst: Stray = { by: outside(value, low, high, floor), band: point };
  const others = [steps.stray(state, floor, usualMs), moves.stray(state, usualMs)];
  const mean = outlook.worstMean(state, floor);
  if (mean) {
    const { by, points, ...range } = mean;
    const of = { aspect: "mean" as const, points, overMs: points * usualMs };
    others.unshift({ by, band: { expected, ...range, ...of } });
  }
  for (const other of others) if (other.by > worst.by) worst = other;
  return worst.band;
}
