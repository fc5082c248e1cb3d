// What a breaker is, and what is kept of it over a restart of the process.

export type BreakerState = "closed" | "open" | "half-open";

/** Plain data, to keep a breaker's state over a restart of the process. */
export interface SavedBreaker {
  readonly state: BreakerState;
  /** Milliseconds of the open time that were left at `savedAt`. */
  readonly remainingMs: number;
  readonly openings: number;
  /** Milliseconds since the Unix epoch: time that passes while saved counts. */
  readonly savedAt: number;
  readonly total: number;
  readonly failed: number;
  readonly slow: number;
}
