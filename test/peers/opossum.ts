// The breaker of opossum behind the face of the scenarios, with p-retry for what it lacks.
import CircuitBreaker from "opossum";
import pRetry from "p-retry";
import type { Guard, Library, Work } from "./library.ts";

type Options = ConstructorParameters<typeof CircuitBreaker>[1];

function guard(options: Options): Guard {
  const circuit = new CircuitBreaker((work: Work) => work({ signal: undefined }), options);
  return { givesSignal: false, takesSignal: false, run: (work) => circuit.fire(work) };
}

/** Its signal belongs to the breaker, not to the call; this is the kinder of its two ways. */
function withSignal(options: Options): Guard {
  const abortController = new AbortController();
  const circuit: CircuitBreaker<[Work], unknown> = new CircuitBreaker(
    (work: Work) => work({ signal: circuit.getSignal() }),
    { ...options, abortController, autoRenewAbortController: true },
  );
  return { givesSignal: true, takesSignal: false, run: (work) => circuit.fire(work) };
}

export const opossum: Library = {
  name: "opossum + p-retry",
  breaker: ({ windowMs, minimumCalls, openMs }) =>
    guard({
      timeout: false,
      rollingCountTimeout: windowMs,
      volumeThreshold: minimumCalls,
      resetTimeout: openMs,
    }),
  breakerOfDefaults: () => guard({}),
  // It has no timeout without a breaker: this one never opens.
  timeout: (ms) => withSignal({ timeout: ms, errorThresholdPercentage: 100 }),
  retry: ({ retries, delayMs }) => ({
    givesSignal: false,
    takesSignal: true,
    run: (work, signal) =>
      pRetry(async () => work({ signal: undefined }), {
        retries,
        minTimeout: delayMs,
        factor: 1,
        signal,
      }),
  }),
  composed: () => {
    const inner = guard({ timeout: 5_000, volumeThreshold: 20 });
    return { ...inner, run: (work) => pRetry(() => inner.run(work), { retries: 2 }) };
  },
};
