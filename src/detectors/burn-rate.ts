// Raises a symptom when errors use up the budget of an objective many times too fast.
import type { Detector, Finding } from "./detector.ts";

export interface BurnRateOptions {
  /** The share of requests that must succeed, such as 0.999. */
  readonly objective: number;
  /** How the objective is called in sentences. */
  readonly label: string;
  readonly windows?: readonly BurnWindow[];
}

export interface BurnWindow {
  /** So many times faster than the budget allows over the objective's whole period. */
  readonly burn: number;
  readonly longMs: number;
  /** Both windows must burn: this one ends the symptom soon after the errors end. */
  readonly shortMs: number;
}

const minuteMs = 60_000;

/**
 * Of a budget of 30 days: 2 % gone in an hour, or 5 % in six. Source: Google, The Site Reliability
 * Workbook (2018), chapter 5 "Alerting on SLOs", table 5-8.
 */
export const burnWindows: readonly BurnWindow[] = [
  { burn: 14.4, longMs: 60 * minuteMs, shortMs: 5 * minuteMs },
  { burn: 6, longMs: 360 * minuteMs, shortMs: 30 * minuteMs },
];

/** Time is kept in buckets of half the shortest window. */
const bucketMs = 2.5 * minuteMs;
const maxBuckets = 288;

interface Bucket {
  /** Which of all buckets since time 0. */
  readonly at: number;
  readonly sum: number;
  readonly count: number;
}

interface State {
  /** Oldest first, gaps left out. */
  readonly buckets: readonly Bucket[];
  readonly raised: boolean;
}

/** Observes a share of failed requests; each reading counts alike, and none without requests. */
export function burnRate(options: BurnRateOptions): Detector<State> {
  const { objective, label, windows = burnWindows } = options;
  const allowed = Math.max(1 - objective, 1e-9);
  const keptMs = Math.max(...windows.map(({ longMs }) => longMs));
  const kept = Math.min(maxBuckets, Math.ceil(keptMs / bucketMs) + 1);
  const initial: State = { buckets: [], raised: false };
  return {
    name: "burn-rate",
    initial,
    raised: { ...initial, raised: true },
    observe(state, { value, atMs }) {
      if (!(value >= 0 && value <= 1)) return [state, undefined];
      const buckets = add(state.buckets, Math.floor(atMs / bucketMs), value, kept);
      const burning = windows.find((window) => burns(buckets, window));
      if (state.raised === (burning !== undefined)) return [{ ...state, buckets }, undefined];
      return [{ buckets, raised: burning !== undefined }, told(buckets, burning, atMs)];
    },
  };

  function burns(buckets: readonly Bucket[], { burn, longMs, shortMs }: BurnWindow): boolean {
    const first = buckets[0];
    const last = buckets.at(-1);
    if (!first || !last) return false;
    // So short a past is no window: one bad reading after a start would be all of it.
    if ((last.at - first.at + 1) * bucketMs < shortMs) return false;
    const limit = burn * allowed;
    return mean(buckets, shortMs) > limit && mean(buckets, longMs) > limit;
  }

  function told(
    buckets: readonly Bucket[],
    burning: BurnWindow | undefined,
    atMs: number,
  ): Finding {
    if (!burning) {
      const share = percent(mean(buckets, windows[0]?.shortMs ?? bucketMs));
      return { sick: false, text: `${label}: ${share} of requests fail, within its budget again` };
    }
    const { burn, longMs, shortMs } = burning;
    const rate = mean(buckets, longMs) / allowed;
    const text = `${label}: ${percent(mean(buckets, longMs))} of requests failed in ${minutes(longMs)} and ${percent(mean(buckets, shortMs))} in ${minutes(shortMs)}; its budget of ${percent(allowed)} burns ${rate.toFixed(1)} times too fast, over ${burn}`;
    const why = { rule: "burn-rate", text, value: rate, limit: burn, unit: "ratio" as const };
    const bad = buckets.find(({ sum, count }) => sum / count > burn * allowed);
    const sinceMs = Math.min(atMs, Math.max(buckets[0]?.at ?? 0, bad?.at ?? 0) * bucketMs);
    return { sick: true, kind: "errors", why, sinceMs };
  }
}

function add(
  buckets: readonly Bucket[],
  at: number,
  value: number,
  kept: number,
): readonly Bucket[] {
  const last = buckets.at(-1);
  if (!last || at > last.at) {
    return [...buckets.filter((bucket) => bucket.at > at - kept), { at, sum: value, count: 1 }];
  }
  // Late, or the clock was set back: with the newest.
  const joined = { at: last.at, sum: last.sum + value, count: last.count + 1 };
  return [...buckets.slice(0, -1), joined];
}

function mean(buckets: readonly Bucket[], overMs: number): number {
  const from = (buckets.at(-1)?.at ?? 0) - Math.ceil(overMs / bucketMs);
  let [sum, count] = [0, 0];
  for (const bucket of buckets) {
    if (bucket.at <= from) continue;
    sum += bucket.sum;
    count += bucket.count;
  }
  return count === 0 ? 0 : sum / count;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function minutes(ms: number): string {
  const count = ms / minuteMs;
  return count >= 120 ? `${count / 60} hours` : `${count} minutes`;
}
