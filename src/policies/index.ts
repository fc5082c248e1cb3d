// The face of the policies library.

export { HomeostatError } from "../kernel/errors.ts";
export { type ConcurrencyLimit, concurrencyLimit } from "./adaptive/concurrency.ts";
export type { ConcurrencyLimitOptions } from "./adaptive/concurrency-options.ts";
export type { LimitAlgorithm, LimitAlgorithmFactory, LimitBounds } from "./adaptive/limits.ts";
export type { Sample as LimitSample } from "./adaptive/sample.ts";
export {
  type AdaptiveThrottle,
  type AdaptiveThrottleOptions,
  adaptiveThrottle,
} from "./adaptive/throttle.ts";
export { type Breaker, breaker } from "./breaker/breaker.ts";
export { type BreakerOptions, growingOpenMs } from "./breaker/breaker-options.ts";
export type { BreakerState, SavedBreaker } from "./breaker/breaker-state.ts";
export {
  type ComposeOptions,
  compose,
  type Outcome,
  type Pipeline,
  type WrapOptions,
} from "./compose.ts";
export type { Counters } from "./counters.ts";
export { type CallEvent, calls, events, type PolicyEvent } from "./events.ts";
export { metricsText } from "./exposition.ts";
export { type Bulkhead, type BulkheadOptions, bulkhead } from "./limit/bulkhead.ts";
export { type RateLimiter, rateLimiter } from "./limit/rate-limiter.ts";
export type { RateLimiterOptions } from "./limit/rate-limiter-options.ts";
export { type ConfiguredPipeline, type PipelineOptions, pipeline } from "./pipeline.ts";
export {
  type Family,
  type FamilyOptions,
  type Listed,
  type ListedBreaker,
  type Registry,
  registry,
} from "./registry.ts";
export { errorOf, type Reason, Rejection, type RejectionDetails, reasonOf } from "./rejection.ts";
export { type Backoff, type BackoffOptions, backoff, type Jitter } from "./retry/backoff.ts";
export { type BudgetOptions, type RetryBudget, retryBudget } from "./retry/budget.ts";
export {
  allOf,
  anyOf,
  causedBy,
  chainOf,
  not,
  ofCode,
  ofType,
  sumOf,
  type Worth,
} from "./retry/combine.ts";
export { type RetryOptions, retry } from "./retry/retry.ts";
export { type Cache, cache } from "./strategies/cache.ts";
export type { CacheOptions } from "./strategies/cache-options.ts";
export { type ChaosOptions, chaos } from "./strategies/chaos.ts";
export { type FallbackOptions, fallback } from "./strategies/fallback.ts";
export { type HedgeOptions, hedge } from "./strategies/hedge.ts";
export { type OutlierEjection, outlierEjection } from "./strategies/outlier.ts";
export type { OutlierOptions } from "./strategies/outlier-options.ts";
export { type TimeoutOptions, timeout } from "./strategies/timeout.ts";
export {
  type AroundStrategy,
  type Call,
  type Entered,
  type Exited,
  type HookStrategy,
  held,
  type Next,
  Replaced,
  type RunContext,
  type RunOptions,
  repeat,
  type Strategy,
  type Work,
} from "./strategy.ts";
