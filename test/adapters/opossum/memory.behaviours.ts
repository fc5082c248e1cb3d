// What opossum's documents say of what it remembers: statistics, state, caches, abort controllers.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { does, never, rejection, turn, until, wait } from "../behaviours.ts";
import { bad, heard, hour, type Of, passFail, quick } from "./library.ts";

export const statistics: readonly Of[] = [
  {
    name: "stats count what happened",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      await breaker.fire(1);
      await breaker.fire(2);
      for (let i = 0; i < 3; i++) await rejection(breaker.fire(-1));
      breaker.fallback(() => "instead");
      await breaker.fire(1);
      const { fires, successes, failures, rejects, fallbacks, timeouts } = breaker.stats;
      assert.deepEqual(
        { fires, successes, failures, rejects, fallbacks, timeouts },
        { fires: 6, successes: 2, failures: 3, rejects: 1, fallbacks: 1, timeouts: 0 },
      );
    },
  },
  {
    name: "stats forget what is older than rollingCountTimeout",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { rollingCountTimeout: 40, rollingCountBuckets: 4 });
      await breaker.fire(1);
      assert.deepEqual([breaker.stats.fires, breaker.status.window.length], [1, 4]);
      await until(() => breaker.stats.fires === 0);
      breaker.shutdown();
    },
  },
  {
    name: "the newest slice of the window tells whether the circuit is open",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      await rejection(breaker.fire(-1));
      assert.equal(breaker.status.window[0]?.isCircuitBreakerOpen, true);
      breaker.close();
      assert.equal(breaker.status.window[0]?.isCircuitBreakerOpen, false);
    },
  },
  {
    name: "percentiles of the latency are kept unless told otherwise",
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(() => wait(12));
      await breaker.fire();
      const { percentiles, latencyMean, latencyTimes } = breaker.stats;
      assert.ok(latencyMean >= 10 && (percentiles["0.5"] ?? 0) >= 10);
      assert.equal(latencyTimes.length, 1);
      const without = new CircuitBreaker(passFail, { rollingPercentilesEnabled: false });
      await without.fire(1);
      assert.deepEqual([without.stats.latencyMean, without.stats.percentiles["0.99"]], [-1, -1]);
    },
  },
  {
    name: "a snapshot is told for each slice unless told otherwise",
    body: async (CircuitBreaker) => {
      const options = { rollingCountTimeout: 20, rollingCountBuckets: 2 };
      const breaker = quick(CircuitBreaker, options);
      const quiet = quick(CircuitBreaker, { ...options, enableSnapshots: false });
      let told = 0;
      quiet.status.on("snapshot", () => {
        told -= 100;
      });
      breaker.status.on("snapshot", ({ fires }) => {
        told += Number.isInteger(fires) ? 1 : 0;
      });
      await until(() => told > 0);
      for (const one of [breaker, quiet]) one.shutdown();
    },
  },
  {
    name: "an emitter of one's own turns the window, while the breaker is enabled",
    body: async (CircuitBreaker) => {
      const emitter = new EventEmitter();
      const more = { rotateBucketController: emitter, rollingCountBuckets: 1 };
      const breaker = quick(CircuitBreaker, more);
      await breaker.fire(1);
      breaker.disable();
      emitter.emit("rotate");
      assert.deepEqual([breaker.stats.fires, emitter.listenerCount("rotate")], [1, 0]);
      breaker.enable();
      breaker.enable();
      emitter.emit("rotate");
      assert.deepEqual([breaker.stats.fires, emitter.listenerCount("rotate")], [0, 1]);
      breaker.shutdown();
    },
  },
  {
    name: "a breaker can begin with the statistics of another",
    body: async (CircuitBreaker) => {
      const stats = { fires: 5, successes: 4, failures: 1 };
      const status = CircuitBreaker.newStatus({ stats });
      const breaker = quick(CircuitBreaker, { status });
      await breaker.fire(1);
      const { fires, successes, failures, timeouts } = breaker.stats;
      assert.deepEqual([fires, successes, failures, timeouts], [6, 5, 1, 0]);
      assert.equal(quick(CircuitBreaker, { status: stats }).stats.fires, 5);
    },
  },
  {
    name: "toJSON gives the state and the statistics",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour, name: "taco" });
      await rejection(breaker.fire(-1));
      const { state, status } = JSON.parse(JSON.stringify(breaker));
      const { lastTimerAt, ...rest } = state;
      const expected = { name: "taco", enabled: true, closed: false, open: true, halfOpen: false };
      assert.deepEqual(rest, { ...expected, warmUp: false, shutdown: false });
      assert.equal(typeof lastTimerAt, "number");
      assert.equal(status.failures, 1);
    },
  },
  {
    name: "a breaker can begin in the state of another",
    body: async (CircuitBreaker) => {
      const begun = (state: object) => quick(CircuitBreaker, { resetTimeout: hour, state });
      assert.equal(begun({ closed: true }).closed, true);
      assert.equal(begun({ closed: false }).opened, true);
      assert.equal(begun({ closed: false, lastTimerAt: Date.now() - 2 * hour }).halfOpen, true);
      assert.equal(begun({ closed: false, halfOpen: true }).pendingClose, true);
      assert.equal(begun({ enabled: false }).enabled, false);
      assert.equal(begun({ shutdown: true, closed: false }).isShutdown, true);
      const half = begun({ closed: false, halfOpen: true });
      assert.equal(await half.fire(1), 1);
      assert.equal(half.closed, true);
    },
  },
];

export const caches: readonly Of[] = [
  {
    name: "a result is given again for the same arguments until the cache is cleared",
    body: async (CircuitBreaker) => {
      let calls = 0;
      const breaker = new CircuitBreaker(async (n: number) => n + ++calls, { cache: true });
      const list = heard(breaker, "cacheHit", "cacheMiss");
      assert.deepEqual([await breaker.fire(10), await breaker.fire(10)], [11, 11]);
      assert.equal(await breaker.fire(20), 22);
      breaker.clearCache();
      assert.equal(await breaker.fire(10), 13);
      const names = list.map(([name]) => name);
      assert.deepEqual(names, ["cacheMiss", "cacheHit", "cacheMiss", "cacheMiss"]);
      assert.deepEqual([breaker.stats.cacheHits, breaker.stats.cacheMisses], [1, 3]);
    },
  },
  {
    name: "a result is kept for cacheTTL, a failure not at all",
    body: async (CircuitBreaker) => {
      const work = does<Error | string>(bad, "one", "two");
      const options = { cache: true, errorThresholdPercentage: 100 };
      const breaker = new CircuitBreaker(work, { ...options, cacheTTL: hour });
      await rejection(breaker.fire());
      assert.deepEqual([await breaker.fire(), await breaker.fire()], ["one", "one"]);
      const short = new CircuitBreaker(does("one", "two"), { ...options, cacheTTL: 20 });
      assert.equal(await short.fire(), "one");
      await wait(40);
      assert.equal(await short.fire(), "two");
    },
  },
  {
    name: "results that are falsy are kept too",
    body: async (CircuitBreaker) => {
      const work = does(0);
      const breaker = new CircuitBreaker(work, { cache: true });
      assert.deepEqual([await breaker.fire(), await breaker.fire(), work.calls], [0, 0, 1]);
    },
  },
  {
    name: "keys and the place of results can be one's own",
    body: async (CircuitBreaker) => {
      const kept = new Map<string, unknown>();
      const cacheTransport = {
        get: (key: string) => kept.get(key),
        set: (key: string, value: unknown) => kept.set(key, value),
        flush: () => kept.clear(),
      };
      const cacheGetKey = (n: unknown): string => `key ${n}`;
      const breaker = quick(CircuitBreaker, { cache: true, cacheTransport, cacheGetKey });
      await breaker.fire(1);
      await turn();
      assert.deepEqual([...kept.keys()], ["key 1"]);
      assert.equal(await breaker.fire(1), 1);
      breaker.shutdown();
      assert.equal(kept.size, 0);
      const wrong = { cache: true, cacheTransport: {} };
      assert.throws(() => quick(CircuitBreaker, wrong), TypeError);
    },
  },
  {
    name: "with coalesce, calls for the same share one run",
    body: async (CircuitBreaker) => {
      const work = does("ok");
      const breaker = new CircuitBreaker(work, { coalesce: true });
      const results = await Promise.all([breaker.fire(1), breaker.fire(1), breaker.fire(2)]);
      assert.deepEqual([results, work.calls], [["ok", "ok", "ok"], 2]);
      const { coalesceCacheHits, coalesceCacheMisses, fires } = breaker.stats;
      assert.deepEqual([coalesceCacheHits, coalesceCacheMisses, fires], [1, 2, 3]);
    },
  },
  {
    name: "what was coalesced, failures too, is given again for coalesceTTL",
    body: async (CircuitBreaker) => {
      const ends = [bad, "ok"] as const;
      const options = { coalesce: true, errorThresholdPercentage: 100 };
      const long = new CircuitBreaker(does(...ends), { ...options, coalesceTTL: hour });
      assert.equal(await rejection(long.fire()), bad);
      assert.equal(await rejection(long.fire()), bad);
      const short = new CircuitBreaker(does(...ends), { ...options, coalesceTTL: 20 });
      assert.equal(await rejection(short.fire()), bad);
      await wait(40);
      assert.equal(await short.fire(), "ok");
    },
  },
  {
    name: "coalesceResetOn names the ends after which nothing is given again",
    body: async (CircuitBreaker) => {
      const options = { coalesce: true, timeout: 20, errorThresholdPercentage: 100 };
      const coalesceResetOn = ["error", "success", "timeout", "nonsense"];
      const work = does<Error | string>(bad, "one", "two");
      const breaker = new CircuitBreaker(work, { ...options, coalesceResetOn });
      assert.deepEqual(breaker.options.coalesceResetOn, ["error", "success", "timeout"]);
      await rejection(breaker.fire());
      assert.deepEqual([await breaker.fire(), await breaker.fire()], ["one", "two"]);
      let calls = 0;
      const slow = (): Promise<never> => {
        calls += 1;
        return never();
      };
      const late = new CircuitBreaker(slow, { ...options, coalesceResetOn });
      await rejection(late.fire());
      await rejection(late.fire());
      assert.equal(calls, 2);
    },
  },
];

export const abortControllers: readonly Of[] = [
  {
    name: "its abort controller aborts with a timeout",
    body: async (CircuitBreaker) => {
      const abortController = new AbortController();
      const breaker = new CircuitBreaker(never, { abortController, timeout: 10 });
      assert.equal(breaker.getSignal(), abortController.signal);
      assert.equal(breaker.getAbortController(), abortController);
      await rejection(breaker.fire());
      await turn();
      assert.equal(abortController.signal.aborted, true);
    },
  },
  {
    name: "an abort controller must be able to abort",
    body: (CircuitBreaker) => {
      const abortController = {} as AbortController;
      assert.throws(() => new CircuitBreaker(never, { abortController }), TypeError);
    },
  },
  {
    name: "autoRenewAbortController makes a new one when it is half open, and when it closes",
    body: async (CircuitBreaker) => {
      const options = { autoRenewAbortController: true, timeout: 10, resetTimeout: 20 };
      const breaker = new CircuitBreaker(never, options);
      const first = breaker.getSignal();
      for (let i = 0; i < 20 && !breaker.opened; i++) await rejection(breaker.fire());
      await until(() => breaker.halfOpen);
      assert.deepEqual([first?.aborted, breaker.getSignal()?.aborted], [true, false]);
      breaker.getAbortController()?.abort();
      breaker.close();
      assert.equal(breaker.getSignal()?.aborted, false);
    },
  },
  {
    name: "without an abort controller there is no signal",
    body: (CircuitBreaker) => assert.equal(quick(CircuitBreaker).getSignal(), undefined),
  },
];
