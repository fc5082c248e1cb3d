// Our policies behind the face of the scenarios.
import { breaker, compose, type Pipeline, retry, timeout } from "../../src/policies/index.ts";
import type { Guard, Library } from "./library.ts";

const guard = (pipeline: Pipeline): Guard => ({
  givesSignal: true,
  takesSignal: true,
  run: (work, signal) => pipeline.run((context) => work(context), { signal }),
});

export const ours: Library = {
  name: "homeostat",
  breaker: ({ windowMs, minimumCalls, openMs }) => {
    const window = { kind: "time", ms: windowMs } as const;
    return guard(compose(breaker({ window, minimumCalls, openMs, probes: 1 })));
  },
  breakerOfDefaults: () => guard(compose(breaker())),
  timeout: (ms) => guard(compose(timeout(ms))),
  retry: ({ retries, delayMs }) => guard(compose(retry({ retries, backoff: () => delayMs }))),
  composed: () => guard(compose(retry(), breaker(), timeout(5_000))),
};
