// What an adaptive limit of concurrent calls can be told, its defaults, and the checks of what it was told.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/random.ts";
import { above, anything, called, checkOptions, named, oneOf, whole } from "../options.ts";
import { type Signs, signsOverload } from "./ending.ts";
import { algorithms, type LimitAlgorithmFactory, type LimitBounds } from "./limits.ts";

export interface ConcurrencyLimitOptions<Bound = unknown> {
  /**
   * "gradient" (default) and "vegas" go by the time that calls take, "aimd" by drops alone: it needs
   * a timeout further in, or a target that refuses. Or a function that makes one of your own.
   */
  readonly algorithm?: "gradient" | "vegas" | "aimd" | LimitAlgorithmFactory;
  /** Calls at once before anything is known; default 20, or the nearest between min and max. */
  readonly initial?: number;
  /** Default 1. */
  readonly min?: number;
  /** Default 1,000. */
  readonly max?: number;
  /** Calls that may wait for their turn, first come, first served; default 0. */
  readonly queue?: number;
  /**
   * How long one may wait, in milliseconds, up to two ticks (20 ms) more; default 1,000. Infinity for as
   * long as the call itself lasts.
   */
  readonly waitMs?: number;
  /**
   * Which errors of the target tell of its overload. Timeouts of our own always do, refusals of
   * strategies further in and the caller's abort never. Default: timeouts of any make, 429 and 503.
   */
  readonly when?: (error: unknown) => boolean;
  /** Which results tell of it, such as a response with status 503; default none. */
  readonly whenResult?: (value: Bound) => boolean;
  readonly name?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The options of an adaptive limit with nothing left out. */
export interface ConcurrencyRules extends LimitBounds, Signs {
  readonly algorithm: LimitAlgorithmFactory;
  readonly queue: number;
  readonly waitMs: number;
}

const checks = {
  algorithm: (value: unknown) =>
    typeof value === "function" ? undefined : oneOf(...Object.keys(algorithms))(value),
  initial: whole(1),
  min: whole(1),
  max: whole(1),
  queue: whole(0),
  waitMs: above(0),
  when: called,
  whenResult: called,
  name: named,
  clock: anything,
  random: called,
};

export function rulesOf(options: ConcurrencyLimitOptions): ConcurrencyRules {
  checkOptions<ConcurrencyLimitOptions>("concurrency", options, checks);
  const { algorithm = "gradient", min = 1, max = Math.max(1_000, min), queue = 0 } = options;
  const { initial = Math.min(max, Math.max(min, 20)), waitMs = 1_000 } = options;
  const { when = signsOverload, whenResult } = options;
  if (!(min <= initial && initial <= max))
    wrong(`expected min ≤ initial ≤ max, got ${min}, ${initial}, ${max}`);
  if (options.waitMs !== undefined && queue === 0)
    wrong("nothing waits for waitMs without a queue");
  const make = typeof algorithm === "function" ? algorithm : algorithms[algorithm];
  return { algorithm: make, initial, min, max, queue, waitMs, when, whenResult };
}

function wrong(message: string): never {
  throw new HomeostatError("OPTION_INVALID", `concurrency: ${message}`);
}
