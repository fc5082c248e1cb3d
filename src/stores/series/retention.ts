// What of the series is dropped: what is older than its resolution is kept, and what is too much for the file.

import type { SeriesFile } from "./series-file.ts";
import { type Resolution, resolutions } from "./series-store.ts";

export type KeepMs = Readonly<Record<Resolution, number>>;

/** Half of a year is told apart by hours, two days by each point. */
export const usualKeepMs: KeepMs = {
  raw: 2 * 86_400_000,
  "10s": 7 * 86_400_000,
  "1m": 30 * 86_400_000,
  "10m": 180 * 86_400_000,
  "1h": 730 * 86_400_000,
};

/** Less of a resolution than this would leave gaps in what is rolled up from it. */
export const leastKeepMs: KeepMs = {
  raw: 3_600_000,
  "10s": 4 * 3_600_000,
  "1m": 2 * 86_400_000,
  "10m": 10 * 86_400_000,
  "1h": 10 * 86_400_000,
};

/** A block of a time so far ahead was written while the clock was wrong. */
const aheadMs = 86_400_000;
/** So many rounds of 64 blocks at a time: the loop waits for this. */
const roundsMax = 8;

/** Drops what is too old; whether there may be more of it. */
export function dropOld(file: SeriesFile, keepMs: KeepMs, nowMs: number): void {
  for (const of of resolutions) {
    const isOver = (it: { readonly fromMs: number; readonly untilMs: number }): boolean =>
      it.untilMs < nowMs - keepMs[of] || it.fromMs > nowMs + aheadMs;
    for (let round = 0; round < roundsMax; round++) if (file.dropOldest(of, isOver) === 0) break;
  }
}

/**
 * Drops the oldest of the finest resolution until the file fits, then of the next: what is coarse
 * takes little and tells of long times. Of each so much stays as rolling up needs, unless even that
 * is too much.
 */
export function dropExcess(file: SeriesFile, maxBytes: number, nowMs: number): void {
  let rounds = roundsMax;
  for (const share of [1, 0]) {
    for (const of of resolutions) {
      const keepFromMs = nowMs - leastKeepMs[of] * share;
      while (file.usedBytes() > maxBytes && rounds > 0) {
        rounds -= 1;
        if (file.dropOldest(of, ({ untilMs }) => untilMs < keepFromMs) === 0) break;
      }
    }
  }
}
