// Each further strategy alone, to be measured in a process of its own; all kinds together are another figure.
import {
  adaptiveThrottle,
  bulkhead,
  cache,
  chaos,
  compose,
  concurrencyLimit,
  hedge,
  outlierEjection,
  rateLimiter,
} from "../../src/policies/index.ts";
import { type Loop, times, work } from "./loops.ts";

const key = { key: "same" };
const most = 10_000_000;

const limiter = compose(rateLimiter(most));
const window = compose(rateLimiter({ limit: 1_000_000, intervalMs: 1, kind: "sliding-window" }));
const places = compose(bulkhead(1_000));
const limit = compose(concurrencyLimit());
const throttle = compose(adaptiveThrottle());
const twice = compose(hedge(800));
const kept = compose(cache(60_000));
const hosts = compose(outlierEjection());
const faults = compose(chaos({ armed: true, rate: 0 }));

export const singles: Readonly<Record<string, Loop>> = {
  bare: (n) => times(n, work),
  "single rate limiter": (n) => times(n, () => limiter.run(work)),
  "single sliding window": (n) => times(n, () => window.run(work)),
  "single bulkhead": (n) => times(n, () => places.run(work)),
  "single concurrency": (n) => times(n, () => limit.run(work)),
  "single throttle": (n) => times(n, () => throttle.run(work)),
  "single hedge": (n) => times(n, () => twice.run(work)),
  "single cache": (n) => times(n, () => kept.run(work, key)),
  "single outlier": (n) => times(n, () => hosts.run(work, key)),
  "single chaos": (n) => times(n, () => faults.run(work)),
};
