// The loops of cockatiel.
import {
  bulkhead,
  ConstantBackoff,
  circuitBreaker,
  ExponentialBackoff,
  fallback,
  handleAll,
  type IDefaultPolicyContext,
  type IPolicy,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import { times } from "./loops.ts";
import {
  failing,
  failsOnce,
  fresh,
  measured,
  type Peer,
  type Run,
  refused,
  shares,
  through,
} from "./peer.ts";

const policy =
  (one: IPolicy<IDefaultPolicyContext, unknown>): Run =>
  (task, signal) =>
    one.execute(task, signal);

/** `minimumRps` 2 over 10 s is our 20 calls; it opens above the threshold, not at it. */
const sampling = (threshold = 0.5) =>
  circuitBreaker(handleAll, {
    halfOpenAfter: 5_000,
    breaker: new SamplingBreaker({ threshold, duration: 10_000, minimumRps: 2 }),
  });
const aggressive = (ms = 800) => timeout(ms, TimeoutStrategy.Aggressive);
const repeating = () => retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() });
const isolated = sampling();
isolated.isolate();
const three = policy(wrap(repeating(), sampling(), aggressive()));
const atOnce = retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(0) });
/** Never reaches as many calls a second as it would open at. */
const untripped = circuitBreaker(handleAll, {
  halfOpenAfter: 5_000,
  breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1e9 }),
});

export const cockatiel: Peer = {
  packages: ["cockatiel"],
  composed: three,
  newBreaker: () => policy(sampling()),
  newTimeout: (ms) => policy(aggressive(ms)),
  loops: {
    three: through(three),
    "single retry": through(policy(repeating())),
    "single breaker": through(policy(sampling())),
    "single timeout": through(policy(aggressive())),
    "single fallback": through(policy(fallback(handleAll, 0))),
    "single bulkhead": through(policy(bulkhead(100))),
    "fn reads signal": measured((n) =>
      times(n, () => three(async (context) => (context as { signal: AbortSignal }).signal)),
    ),
    "shared caller signal": shares(three),
    "fresh caller signal": fresh(three),
    "open, throw": refused(policy(isolated)),
    "failure and retry": failsOnce(policy(atOnce)),
    "failed, time window": failing(policy(untripped)),
  },
};
