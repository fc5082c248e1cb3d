// The loops of mollitia; it has no signals.
import {
  Bulkhead,
  Circuit,
  Fallback,
  type Module,
  Retry,
  RetryMode,
  SlidingCountBreaker,
  SlidingTimeBreaker,
  Timeout,
} from "mollitia";
import { bad, times, work } from "./loops.ts";
import { failing, failsOnce, measured, type Peer, type Run, refused, through } from "./peer.ts";

function circuit(...modules: Module[]): Run {
  const func = (task: () => Promise<unknown>): Promise<unknown> => task();
  const one = new Circuit({ func, options: { modules } });
  return (task) => one.execute(task);
}

const repeats = () => new Retry({ attempts: 2, interval: 100, mode: RetryMode.JITTER });
/** The last 10 calls, as by default: with more it costs more, as it copies them for each call. */
const counting = () => new SlidingCountBreaker();
const held = new SlidingCountBreaker({ openStateDelay: 600_000 });
void held.open();
const last10 = circuit(repeats(), counting(), new Timeout({ delay: 800 }));
const last10s = circuit(
  repeats(),
  new SlidingTimeBreaker({ slidingWindowSize: 10_000, minimumNumberOfCalls: 20 }),
  new Timeout({ delay: 800 }),
);

export const mollitia: Peer = {
  packages: ["mollitia"],
  composed: last10,
  newBreaker: () => circuit(counting()),
  newTimeout: (ms) => circuit(new Timeout({ delay: ms })),
  loops: {
    three: through(last10),
    "three, time window": measured((n) => times(n, () => last10s(work)), 100),
    "single retry": through(circuit(repeats())),
    "single breaker": through(circuit(counting())),
    "single timeout": through(circuit(new Timeout({ delay: 800 }))),
    "single fallback": through(circuit(new Fallback({ callback: () => bad }))),
    "single bulkhead": through(circuit(new Bulkhead({ concurrentSize: 100 }))),
    "open, throw": refused(circuit(held)),
    "failure and retry": failsOnce(circuit(new Retry({ attempts: 2, interval: 0 }))),
    "failed, time window": failing(circuit(new SlidingCountBreaker({ failureRateThreshold: 100 }))),
  },
};
