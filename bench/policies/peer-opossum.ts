// The loops of opossum, with p-retry around it for the repeats.
import CircuitBreaker from "opossum";
import pRetry from "p-retry";
import {
  failing,
  failsOnce,
  fresh,
  type Peer,
  type Run,
  refused,
  shares,
  through,
} from "./peer.ts";

type Options = ConstructorParameters<typeof CircuitBreaker>[1];

/** All else by default: 10 buckets over 10 s, percentiles and snapshots on. */
function breaker(options: Options): Run & { readonly circuit: { open(): void } } {
  const circuit = new CircuitBreaker((task: () => Promise<unknown>) => task(), {
    volumeThreshold: 20,
    resetTimeout: 5_000,
    ...options,
  });
  return Object.assign<Run, { circuit: { open(): void } }>((task) => circuit.fire(task), {
    circuit,
  });
}

const repeated =
  (inner: Run, options: Parameters<typeof pRetry>[1] = {}): Run =>
  (task, signal) =>
    pRetry(() => inner(task), { retries: 2, ...options, signal });

const bare: Run = (task) => task();
const guarded = repeated(breaker({ timeout: 800 }));
const opened = breaker({ timeout: false, resetTimeout: 600_000 });
opened.circuit.open();

export const opossum: Peer = {
  packages: ["opossum", "p-retry"],
  composed: guarded,
  newBreaker: () => breaker({ timeout: false }),
  newTimeout: (ms) => breaker({ timeout: ms, errorThresholdPercentage: 100 }),
  loops: {
    three: through(guarded),
    "single retry": through(repeated(bare)),
    "single breaker": through(breaker({ timeout: false })),
    "shared caller signal": shares(guarded),
    "fresh caller signal": fresh(guarded),
    "open, throw": refused(opened),
    "failure and retry": failsOnce(repeated(bare, { minTimeout: 0 })),
    "failed, time window": failing(breaker({ timeout: false, errorThresholdPercentage: 100 })),
  },
};
