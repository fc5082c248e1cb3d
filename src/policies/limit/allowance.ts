// How many calls may begin, as a function of time alone: what the kinds of rate limiter have in common.

/** So many calls in so many milliseconds. */
export interface Rate {
  readonly limit: number;
  readonly intervalMs: number;
  /** Calls that may begin at once after a pause; only a token bucket has it apart from `limit`. */
  readonly burst: number;
}

/**
 * `now` is exact, monotonic milliseconds: a reading older than the call would put its permit into the
 * past, and the next one would come too early by as much.
 */
export interface Allowance {
  /** Takes a permit out; false when there is none. */
  take(now: number): boolean;
  /** Puts down permits that were handed out before `now`; there are as many. */
  put(permits: number, now: number): void;
  /** Milliseconds until a call behind `ahead` others gets its permit; 0: now. */
  waitMs(now: number, ahead: number): number;
  /** Permits that could be taken out now. */
  available(now: number): number;
  /** Another rate from now on; what was taken out stays taken. */
  change(rate: Rate, now: number): void;
}
