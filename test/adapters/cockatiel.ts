// A face in the shape of cockatiel 4 over our policies, for suites that were written for it.
export * from "./cockatiel/backoff.ts";
export * from "./cockatiel/breakers.ts";
export * from "./cockatiel/bulkhead.ts";
export * from "./cockatiel/circuit-breaker.ts";
export * from "./cockatiel/errors.ts";
export { Event, EventEmitter, type IDisposable } from "./cockatiel/events.ts";
export * from "./cockatiel/plain.ts";
export {
  type FailureReason,
  handleAll,
  handleResultType,
  handleType,
  handleWhen,
  handleWhenResult,
  type IDefaultPolicyContext,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  Policy,
} from "./cockatiel/policy.ts";
export * from "./cockatiel/retry.ts";
export * from "./cockatiel/timeout.ts";
