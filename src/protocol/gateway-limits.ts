// What a route lets clients do: sizes, counts and times that they could choose otherwise.

/** Absent ones have their usual value, see `gateway/relay/limits.ts`. */
export interface LimitsBlock {
  /** Of a request's head, 431 beyond; and of its body, 413. */
  readonly headBytes?: number;
  readonly bodyBytes?: number;
  readonly connections?: number;
  readonly requestsPerConnection?: number;
  /** From the first byte of a head to its last. */
  readonly headMs?: number;
  /** Between two pieces of a body, and for all of a request. */
  readonly bodyIdleMs?: number;
  readonly requestMs?: number;
  /** Of a connection without a request. */
  readonly keepAliveMs?: number;
}

export interface LimitedRoute {
  readonly limits?: LimitsBlock;
}
