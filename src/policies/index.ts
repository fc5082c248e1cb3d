// The face of the policies library.
export { type Backoff, type BackoffOptions, backoff, type Jitter } from "./backoff.ts";
export { type Breaker, breaker } from "./breaker.ts";
export { type BreakerOptions, growingOpenMs } from "./breaker-options.ts";
export type { BreakerState, SavedBreaker } from "./breaker-state.ts";
export { type BudgetOptions, type RetryBudget, retryBudget } from "./budget.ts";
export {
  type ComposeOptions,
  compose,
  type Outcome,
  type Pipeline,
  type RunOptions,
  type WrapOptions,
} from "./compose.ts";
export type { Counters } from "./counters.ts";
export { type CallEvent, calls, events, type PolicyEvent } from "./events.ts";
export { type FallbackOptions, fallback } from "./fallback.ts";
export { type PipelineOptions, pipeline } from "./pipeline.ts";
export { errorOf, type Reason, Rejection, type RejectionDetails, reasonOf } from "./rejection.ts";
export { type RetryOptions, retry } from "./retry.ts";
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
  repeat,
  type Strategy,
  type Work,
} from "./strategy.ts";
export { type TimeoutOptions, timeout } from "./timeout.ts";
