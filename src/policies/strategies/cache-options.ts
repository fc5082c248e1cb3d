// What a cache can be told, and its rules with all defaults in place.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { anything, atLeast, called, checkOptions, flag, named, whole } from "../options.ts";
import type { Call } from "../strategy.ts";

export interface CacheOptions<Bound = unknown> {
  /** Milliseconds for which a result is fresh; 0: only calls at the same time share one. */
  readonly ttlMs: number;
  /** Milliseconds for which it may stand in for a failure; none if left out. Not below `ttlMs`. */
  readonly staleMs?: number;
  /** Whether, or for which errors, a stale result is given; refusals and timeouts further in too. */
  readonly staleOnFailure?: boolean | ((error: unknown) => boolean);
  /** Until `staleMs` only one call waits for the fresh result, others have the stale one at once. */
  readonly staleWhileRevalidate?: boolean;
  /** Results kept; the one used longest ago is given up first. Default 1,000. */
  readonly max?: number;
  /** What a result is kept under, undefined for a call that is not cached; default: the call's key. */
  readonly key?: (call: Pick<Call, "key" | "priority" | "pipeline">) => string | undefined;
  /** Which results are kept; all if left out. */
  readonly when?: (value: Bound, key: string) => boolean;
  readonly name?: string;
  readonly clock?: Clock;
}

export interface CacheRules extends CacheOptions {
  readonly staleMs: number;
  readonly max: number;
}

const checks = {
  ttlMs: atLeast(0),
  staleMs: atLeast(0),
  staleOnFailure: (value: unknown) =>
    typeof value === "boolean" || typeof value === "function"
      ? undefined
      : "true, false or a function",
  staleWhileRevalidate: flag,
  max: whole(1),
  key: called,
  when: called,
  name: named,
  clock: anything,
};

/** Throws a Misconfigured error for options that cannot be. */
export function rulesOf(options: CacheOptions): CacheRules {
  const { ttlMs = Number.NaN, staleMs = ttlMs, max = 1_000 } = options;
  checkOptions<CacheOptions>("cache", { ...options, ttlMs }, checks);
  if (staleMs < ttlMs) {
    throw new HomeostatError(
      "OPTION_INVALID",
      `cache: staleMs must not be below ttlMs, got ${staleMs}`,
    );
  }
  return { ...options, staleMs, max };
}
