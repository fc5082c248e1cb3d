// The contract of a store of series: points go in at any time, points and roll-ups of a past come out.
import type { Unit } from "../../model/reading.ts";
import type { Target } from "../../model/target.ts";

export interface SeriesName {
  readonly target: Target;
  readonly metric: string;
  readonly unit: Unit;
}

/** From the points as they came to one bucket an hour. */
export const resolutions = ["raw", "10s", "1m", "10m", "1h"] as const;
export type Resolution = (typeof resolutions)[number];

/** How long one bucket of each is, ms; 0: single points. */
export const stepMs: Readonly<Record<Resolution, number>> = {
  raw: 0,
  "10s": 10_000,
  "1m": 60_000,
  "10m": 600_000,
  "1h": 3_600_000,
};

/**
 * Points or buckets, oldest first, one list for each figure of them. A bucket begins at `at`; a
 * point is a bucket of one. What nobody measured is not there: gaps are gaps.
 */
export interface Stretch {
  /** Ms since 1970. */
  readonly at: number[];
  readonly count: number[];
  readonly min: number[];
  readonly max: number[];
  /** Nine digits of it count. */
  readonly sum: number[];
  readonly last: number[];
}

export interface KeptSeries extends SeriesName {
  readonly id: number;
}

/** What was left out since the store was opened, and why. */
export interface Losses {
  /** Of a time that has been written already, or that is over for it. */
  readonly late: number;
  /** Of a time more than a minute ahead. */
  readonly early: number;
  /** Of a moment that the series has: the newer value took its place. */
  readonly duplicate: number;
  /** No number, or infinite. */
  readonly notFinite: number;
  /** More of one series than are kept until they are written. */
  readonly crowded: number;
  /** Of series for which there was no room. */
  readonly refused: number;
}

export interface SeriesStats {
  readonly series: number;
  readonly seriesMax: number;
  /** Taken since it was opened. */
  readonly points: number;
  readonly losses: Losses;
  /** Room in use on disk; of memory for one that has none. */
  readonly bytes: number;
  /** Pieces that could not be read; what was in them is missing. */
  readonly damaged: number;
  /** The oldest moment of each resolution that has any, ms since 1970. */
  readonly oldestMs: Readonly<Partial<Record<Resolution, number>>>;
}

export interface SeriesStore {
  readonly name: string;
  /**
   * The number of a series, the same for as long as it is kept; undefined for a new one when there
   * are as many as there may be.
   */
  idOf(series: SeriesName): number | undefined;
  /**
   * Takes a point. `atMs` is in ms since 1970; they may come in any order while their time is open:
   * the last 30 seconds at least.
   */
  append(id: number, atMs: number, value: number): void;
  /**
   * The time is `nowMs`: what is due is written, rolled up and dropped, a bounded piece at a call.
   * Called once a second.
   * @throws JOURNAL_UNUSABLE, JOURNAL_CORRUPT: nothing that was taken is forgotten by that.
   */
  beat(nowMs: number): void;
  /** From `fromMs` on and before `toMs`; a bucket is there when it overlaps. */
  read(id: number, fromMs: number, toMs: number, resolution: Resolution): Stretch;
  /** In the order in which they were first seen; without `match` all. */
  list(match?: (series: SeriesName) => boolean): readonly KeptSeries[];
  stats(): SeriesStats;
  /** Writes what is not written yet; a second call does nothing. */
  close(): void;
}
