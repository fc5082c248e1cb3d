// What is kept of a foreign series so that its next point can be read: its name and its last point.
import type { Reading, Unit } from "../../model/reading.ts";
import type { Target } from "../../model/target.ts";
import type { Loss, Tally } from "./tally.ts";
import { type Measure, rateMeasure } from "./units.ts";

/** A point, in their unit and at Unix time. */
export interface At {
  readonly unixMs: number;
  /** The same moment by the clock of the loop. */
  readonly atMs: number;
  /** Since when a sum counts; NaN when that is not said. */
  readonly startMs: number;
}

/** Whether the last point is older; it says why the new one is left out. */
export function orderOf(lastMs: number, unixMs: number): Loss | undefined {
  if (unixMs > lastMs) return undefined;
  return unixMs === lastMs ? "duplicate" : "out of order";
}

/** A number that stands for itself, or one that grows and is read as a rate. */
export interface Track {
  readonly target: Target;
  readonly metric: string;
  readonly unit: Unit;
  readonly scale: number;
  lastMs: number;
  startMs: number;
  last: number;
}

export function trackOf(target: Target, metric: string, { unit, scale }: Measure): Track {
  const never = Number.NEGATIVE_INFINITY;
  return { target, metric, unit, scale, lastMs: never, startMs: Number.NaN, last: Number.NaN };
}

/** Its readings are so many a second. */
export function rateTrackOf(target: Target, metric: string, measure: Measure): Track {
  return trackOf(target, metric, rateMeasure(measure));
}

export type Outcome = Loss | Reading | undefined;

/** Counts what became of a point, and keeps its reading. */
export function settle(
  tally: Pick<Tally, "take" | "refuse">,
  outcome: Outcome | "taken",
  into: Reading[],
): void {
  if (typeof outcome === "string" && outcome !== "taken") {
    tally.refuse(outcome);
    return;
  }
  tally.take();
  if (typeof outcome === "object") into.push(outcome);
}

export function readingOf(track: Track, value: number, { atMs }: At): Reading {
  const { target, metric, unit, scale } = track;
  return { target, metric, value: scale === 1 ? value : value * scale, unit, atMs };
}

export function takeGauge(track: Track, value: number, at: At): Loss | Reading {
  const loss = orderOf(track.lastMs, at.unixMs);
  if (loss) return loss;
  track.lastMs = at.unixMs;
  return readingOf(track, value, at);
}

/** A sum of changes that may fall: what it came to since it was first seen. */
export function takeChange(track: Track, value: number, at: At): Loss | Reading {
  const before = Number.isNaN(track.last) ? 0 : track.last;
  const taken = takeGauge(track, before + value, at);
  if (typeof taken === "object") track.last = before + value;
  return taken;
}

/**
 * A counter: nothing from its first point, which is only compared with. One that fell, or counts from
 * a later moment than before, began anew: all of it is new.
 */
export function takeTotal(track: Track, value: number, at: At): Outcome {
  const loss = orderOf(track.lastMs, at.unixMs);
  if (loss) return loss;
  const { last, lastMs } = track;
  const isAnew = value < last || at.startMs > track.startMs;
  track.last = value;
  track.lastMs = at.unixMs;
  track.startMs = at.startMs;
  if (Number.isNaN(last)) return undefined;
  const fromMs = isAnew && at.startMs > lastMs ? at.startMs : lastMs;
  return rate(track, isAnew ? value : value - last, fromMs, at);
}

/** What was added since the point before, or since the start that the point says. */
export function takeDelta(track: Track, value: number, at: At): Outcome {
  const loss = orderOf(track.lastMs, at.unixMs);
  if (loss) return loss;
  const fromMs = at.startMs < at.unixMs ? at.startMs : track.lastMs;
  track.lastMs = at.unixMs;
  return rate(track, value, fromMs, at);
}

function rate(track: Track, increase: number, fromMs: number, at: At): Reading | undefined {
  const elapsedMs = at.unixMs - fromMs;
  if (!(elapsedMs > 0) || elapsedMs === Number.POSITIVE_INFINITY) return undefined;
  return readingOf(track, (increase * 1_000) / elapsedMs, at);
}
