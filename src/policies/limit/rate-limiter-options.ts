// What a rate limiter can be told, its defaults, and the checks of what it was told.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { anything, checkOptions, flag, named, oneOf } from "../options.ts";
import type { Rate } from "./allowance.ts";

export interface RateLimiterOptions {
  /** Calls that may begin in `intervalMs`. */
  readonly limit: number;
  /** Default 1,000. */
  readonly intervalMs?: number;
  /**
   * "token-bucket" (default): permits come evenly, one each `intervalMs ÷ limit`, and up to `burst` are
   * saved up; in any `t` ms at most `burst + t × limit ÷ intervalMs` calls begin. "sliding-window":
   * at most `limit` calls begin in any interval of `intervalMs`, wherever it begins; they may all begin
   * at once. It is exact and costs 8 bytes for each call of the last interval, for each key.
   */
  readonly kind?: "token-bucket" | "sliding-window";
  /** Calls that may begin at once after a pause; default `limit`. Only for a token bucket. */
  readonly burst?: number;
  /**
   * How long a call may wait for its permit, in milliseconds (up to two ticks, 20 ms, more). One that
   * could not have it by then is refused at once. Default 0: none waits.
   */
  readonly waitMs?: number;
  /** Calls that may wait at a time, all keys together; default 1,000. Only with `waitMs`. */
  readonly queue?: number;
  /** Counts the calls of each `key` apart; those without one together. */
  readonly perKey?: boolean;
  /**
   * Keys that are remembered, default 1,000. The one used longest ago is forgotten, and if it comes
   * again it may begin `limit` (`burst`) calls anew: take more than there are busy keys in an interval.
   */
  readonly maxKeys?: number;
  readonly name?: string;
  readonly clock?: Clock;
}

/** The options with nothing left out. */
export interface RateRules extends Rate {
  readonly kind: "token-bucket" | "sliding-window";
  readonly waitMs: number;
  readonly queue: number;
  readonly perKey: boolean;
  readonly maxKeys: number;
}

function within(least: number, most: number): (value: unknown) => string | undefined {
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `a whole number, ${least} to ${most}`;
}

const count = within(1, 10_000_000);
const dayMs = 86_400_000;

const checks = {
  limit: count,
  intervalMs: within(1, 366 * dayMs),
  kind: oneOf("token-bucket", "sliding-window"),
  burst: count,
  waitMs: within(0, dayMs),
  queue: count,
  perKey: flag,
  maxKeys: count,
  name: named,
  clock: anything,
};

export function rateRulesOf(options: RateLimiterOptions): RateRules {
  const { limit, intervalMs = 1_000, kind = "token-bucket", waitMs = 0, perKey = false } = options;
  const { burst = limit, queue = 1_000, maxKeys = 1_000 } = options;
  const complete = { ...options, limit: limit ?? Number.NaN };
  checkOptions<RateLimiterOptions>("rateLimiter", complete, checks);
  if (options.burst !== undefined && kind === "sliding-window")
    wrong("burst is for a token bucket, a sliding window lets its whole limit begin at once");
  if (options.queue !== undefined && waitMs === 0) wrong("nothing waits in queue without waitMs");
  return { limit, intervalMs, kind, burst, waitMs, queue, perKey, maxKeys };
}

function wrong(message: string): never {
  throw new HomeostatError("OPTION_INVALID", `rateLimiter: ${message}`);
}
