// The policies of cockatiel behind the face of the scenarios.
import {
  ConstantBackoff,
  circuitBreaker,
  handleAll,
  type IPolicy,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import type { BreakerSettings, Guard, Library } from "./library.ts";

const guard = (policy: IPolicy): Guard => ({
  givesSignal: true,
  takesSignal: true,
  run: (work, signal) => policy.execute((context) => work(context), signal),
});

const breaker = ({ windowMs, minimumCalls, openMs }: BreakerSettings) =>
  circuitBreaker(handleAll, {
    halfOpenAfter: openMs,
    breaker: new SamplingBreaker({
      threshold: 0.5,
      duration: windowMs,
      minimumRps: (minimumCalls / windowMs) * 1_000,
    }),
  });

const limit = (ms: number) => timeout(ms, TimeoutStrategy.Aggressive);

const healthy = { windowMs: 10_000, minimumCalls: 20, openMs: 5_000 };

export const cockatiel: Library = {
  name: "cockatiel",
  breaker: (settings) => guard(breaker(settings)),
  breakerOfDefaults: undefined,
  timeout: (ms) => guard(limit(ms)),
  retry: ({ retries, delayMs }) =>
    guard(retry(handleAll, { maxAttempts: retries, backoff: new ConstantBackoff(delayMs) })),
  composed: () => guard(wrap(retry(handleAll, { maxAttempts: 2 }), breaker(healthy), limit(5_000))),
};
