// The face of the policies library.

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
export { type ConfiguredPipeline, type PipelineOptions, pipeline } from "./pipeline.ts";
export {
  type Family,
  type FamilyOptions,
  type Listed,
  type Registry,
  registry,
} from "./registry.ts";
export { errorOf, type Reason, Rejection, type RejectionDetails, reasonOf } from "./rejection.ts";
export { type Backoff, type BackoffOptions, backoff, type Jitter } from "./retry/backoff.ts";
export { type BudgetOptions, type RetryBudget, retryBudget } from "./retry/budget.ts";
export { type RetryOptions, retry } from "./retry/retry.ts";
export { type FallbackOptions, fallback } from "./strategies/fallback.ts";
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
