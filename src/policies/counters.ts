// Plain numbers that every pipeline counts, subscribers or not.
import type { Reason } from "./rejection.ts";

/** Numbers since the pipeline was made; they only grow. */
export interface Counters {
  /** Calls that began; those in flight are calls - successes - failures - cancelled. */
  calls: number;
  /** Ended with a value, a fallback's included. */
  successes: number;
  failures: number;
  /** Ended by the caller's own signal. */
  cancelled: number;
  /** Repeats that a retry began. */
  retries: number;
  /** Calls that failed though the retry had repeated as often as it may. */
  exhausted: number;
  fallbacks: number;
  hedges: number;
  cacheHits: number;
  injected: number;
  /** Results that came when nobody waited for them any more. */
  late: number;
  /** How often a strategy turned a call down, by its reason; retried ones included. */
  readonly rejected: Record<Reason, number>;
}

export function newCounters(): Counters {
  return {
    calls: 0,
    successes: 0,
    failures: 0,
    cancelled: 0,
    retries: 0,
    exhausted: 0,
    fallbacks: 0,
    hedges: 0,
    cacheHits: 0,
    injected: 0,
    late: 0,
    rejected: {
      open: 0,
      timeout: 0,
      bulkhead: 0,
      rate: 0,
      concurrency: 0,
      throttled: 0,
      ejected: 0,
      budget: 0,
      other: 0,
    },
  };
}
