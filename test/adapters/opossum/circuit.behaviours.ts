// What opossum's documents say of the states of its circuit.
import assert from "node:assert/strict";
import { does, never, rejection, turn, until, wait, within } from "../behaviours.ts";
import { bad, codeOf, heard, hour, type Of, quick } from "./library.ts";

export const circuits: readonly Of[] = [
  {
    name: "it opens above its percentage of errors, not at it",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      await breaker.fire(1);
      await rejection(breaker.fire(-1));
      assert.equal(breaker.closed, true);
      const list = heard(breaker, "open");
      await rejection(breaker.fire(-1));
      assert.deepEqual([breaker.opened, breaker.closed, list.length], [true, false, 1]);
    },
  },
  {
    name: "open it rejects with EOPENBREAKER and runs nothing",
    body: async (CircuitBreaker) => {
      const work = does(bad);
      const breaker = new CircuitBreaker(work, { resetTimeout: hour });
      await rejection(breaker.fire());
      const list = heard(breaker, "reject", "failure");
      const error = await rejection(breaker.fire());
      assert.ok(error instanceof Error);
      assert.deepEqual([error.message, codeOf(error)], ["Breaker is open", "EOPENBREAKER"]);
      assert.deepEqual([CircuitBreaker.isOurError(error), work.calls], [true, 1]);
      assert.deepEqual(list, [["reject", error]]);
    },
  },
  {
    name: "it does not open before volumeThreshold calls",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { volumeThreshold: 3 });
      const states: boolean[] = [];
      for (let i = 0; i < 3; i++) {
        await rejection(breaker.fire(-1));
        states.push(breaker.opened);
      }
      assert.deepEqual(states, [false, false, true]);
    },
  },
  {
    name: "at 100 per cent it never opens",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { errorThresholdPercentage: 100 });
      for (let i = 0; i < 20; i++) await rejection(breaker.fire(-1));
      assert.equal(breaker.closed, true);
    },
  },
  {
    name: "timeouts count as failures",
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(never, { timeout: 10, resetTimeout: hour });
      // More than one: ours does not count what ran out of time while this process stood still.
      for (let i = 0; i < 20 && !breaker.opened; i++) await rejection(breaker.fire());
      assert.equal(breaker.opened, true);
    },
  },
  {
    name: "it is half open after resetTimeout without any call",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      const list = heard(breaker, "halfOpen");
      await rejection(breaker.fire(-1));
      await until(() => breaker.halfOpen);
      assert.deepEqual([breaker.halfOpen, breaker.pendingClose], [true, true]);
      assert.deepEqual(list, [["halfOpen", 20]]);
    },
  },
  {
    name: "half open, a success closes it",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      const list = heard(breaker, "close");
      await rejection(breaker.fire(-1));
      await until(() => breaker.halfOpen);
      assert.equal(await breaker.fire(1), 1);
      assert.deepEqual([breaker.closed, breaker.pendingClose, list.length], [true, false, 1]);
    },
  },
  {
    name: "half open, a failure opens it again whatever volumeThreshold says",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { volumeThreshold: 2 });
      for (let i = 0; i < 2; i++) await rejection(breaker.fire(-1));
      await until(() => breaker.halfOpen);
      const list = heard(breaker, "open", "halfOpen");
      assert.equal(await rejection(breaker.fire(-1)), bad);
      assert.equal(breaker.opened, true);
      await until(() => breaker.halfOpen);
      assert.deepEqual(
        list.map(([name]) => name),
        ["open", "halfOpen"],
      );
    },
  },
  {
    name: "half open, it lets one call through and rejects the others",
    body: async (CircuitBreaker) => {
      const probe = Promise.withResolvers<string>();
      const breaker = new CircuitBreaker(() => probe.promise, { resetTimeout: 20 });
      breaker.open();
      await until(() => breaker.halfOpen);
      const first = breaker.fire();
      assert.equal(breaker.pendingClose, false);
      assert.equal(codeOf(await rejection(breaker.fire())), "EOPENBREAKER");
      probe.resolve("ok");
      assert.equal(await first, "ok");
      assert.equal(breaker.closed, true);
    },
  },
  {
    name: "a success of a call that began before it opened does not close it",
    differs: { library: "half open it closes without a probe having been made" },
    body: async (CircuitBreaker) => {
      const early = Promise.withResolvers<string>();
      const breaker = new CircuitBreaker(
        (n: number) => (n < 0 ? Promise.reject(bad) : early.promise),
        {
          resetTimeout: 20,
          errorThresholdPercentage: 1,
        },
      );
      const late = breaker.fire(1);
      await rejection(breaker.fire(-1));
      await until(() => breaker.halfOpen);
      early.resolve("late");
      assert.equal(await late, "late");
      assert.equal(breaker.halfOpen, true);
    },
  },
  {
    name: "a probe that hangs gives its place to another call",
    differs: { library: "without a timeout it rejects for ever" },
    body: async (CircuitBreaker) => {
      let calls = 0;
      const action = (): Promise<string> => {
        calls += 1;
        return calls === 1 ? never() : Promise.resolve("ok");
      };
      const breaker = new CircuitBreaker(action, { resetTimeout: 20, timeout: false });
      breaker.open();
      await until(() => breaker.halfOpen);
      void breaker.fire();
      await wait(35);
      assert.equal(await within(1_000, breaker.fire()), "ok");
      assert.equal(breaker.closed, true);
    },
  },
  {
    name: "it can be opened and closed by hand, which is told once",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      const list = heard(breaker, "open", "close");
      breaker.open();
      breaker.open();
      assert.equal(codeOf(await rejection(breaker.fire(1))), "EOPENBREAKER");
      breaker.close();
      breaker.close();
      assert.equal(await breaker.fire(1), 1);
      assert.deepEqual(
        list.map(([name]) => name),
        ["open", "close"],
      );
    },
  },
  {
    name: "opened by hand it is half open after resetTimeout",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      breaker.open();
      await until(() => breaker.halfOpen);
      assert.equal(breaker.halfOpen, true);
      assert.equal(await breaker.fire(1), 1);
    },
  },
  {
    name: "an error that errorFilter accepts counts as a success, asks no fallback and is passed on",
    body: async (CircuitBreaker) => {
      const given: unknown[] = [];
      const errorFilter = (...args: unknown[]): boolean => given.push(...args) > 0;
      const breaker = quick(CircuitBreaker, { errorFilter }).fallback(() => "instead");
      const list = heard(breaker, "success", "failure");
      assert.equal(await rejection(breaker.fire(-1, "more")), bad);
      assert.deepEqual(given, [bad, -1, "more"]);
      const { successes, failures, fallbacks } = breaker.stats;
      assert.deepEqual([successes, failures, fallbacks, breaker.closed], [1, 0, 0, true]);
      assert.deepEqual(
        list.map(([name, value]) => [name, value]),
        [["success", bad]],
      );
    },
  },
  {
    name: "half open, an error that errorFilter accepts closes it",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { errorFilter: () => true });
      breaker.open();
      await until(() => breaker.halfOpen);
      await rejection(breaker.fire(-1));
      assert.equal(breaker.closed, true);
    },
  },
  {
    name: "while it warms up, for rollingCountTimeout, it does not open",
    body: async (CircuitBreaker) => {
      const more = { allowWarmUp: true, rollingCountTimeout: 60, resetTimeout: hour };
      const breaker = quick(CircuitBreaker, more);
      for (let i = 0; i < 5; i++) await rejection(breaker.fire(-1));
      assert.deepEqual([breaker.warmUp, breaker.closed], [true, true]);
      await until(() => !breaker.warmUp);
      await rejection(breaker.fire(-1));
      assert.equal(breaker.opened, true);
    },
  },
  {
    name: "calls that were refused count among those fired",
    differs: {
      adapter: "ours counts calls that reached the target: refused ones would hide failures",
    },
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      await rejection(breaker.fire(-1));
      for (let i = 0; i < 10; i++) await rejection(breaker.fire(1));
      breaker.close();
      await rejection(breaker.fire(-1));
      assert.equal(breaker.closed, true);
    },
  },
  {
    name: "failures from before it closed go on counting while they are in the window",
    differs: { adapter: "ours begins anew when it has closed" },
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      await rejection(breaker.fire(-1));
      breaker.close();
      await breaker.fire(1);
      await rejection(breaker.fire(-1));
      assert.equal(breaker.opened, true);
    },
  },
  {
    name: "disabled it protects from nothing, enabled again it does",
    body: async (CircuitBreaker) => {
      const more = { enabled: false, errorThresholdPercentage: 1 };
      const breaker = quick(CircuitBreaker, more).fallback(() => "instead");
      const list = heard(breaker, "failure");
      for (let i = 0; i < 3; i++) assert.equal(await rejection(breaker.fire(-1)), bad);
      assert.deepEqual([breaker.enabled, breaker.closed, list], [false, true, []]);
      breaker.enable();
      assert.equal(await breaker.fire(-1), "instead");
      assert.equal(breaker.opened, true);
    },
  },
  {
    name: "shut down it rejects with ESHUTDOWN and tells nobody any more",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      const list = heard(breaker, "shutdown", "fire");
      breaker.shutdown();
      const error = await rejection(breaker.fire(1));
      assert.deepEqual([codeOf(error), CircuitBreaker.isOurError(error)], ["ESHUTDOWN", true]);
      assert.deepEqual([breaker.isShutdown, breaker.enabled], [true, false]);
      assert.deepEqual(list, [["shutdown"]]);
      assert.equal(breaker.listenerCount("fire"), 0);
    },
  },
];

export const health: readonly Of[] = [
  {
    name: "a health check runs at once, and again at its interval, with the breaker as this",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      const seen: unknown[] = [];
      breaker.healthCheck(async function (this: unknown) {
        seen.push(this);
      }, 10);
      assert.equal(seen.length, 1);
      await until(() => seen.length >= 3);
      assert.ok(seen.every((one) => one === breaker));
    },
  },
  {
    name: "a health check that fails is told and opens the circuit",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      const list = heard(breaker, "healthCheckFailed", "open");
      breaker.healthCheck(() => Promise.reject(bad), hour / 2);
      await turn();
      assert.deepEqual(list, [["healthCheckFailed", bad], ["open"]]);
      assert.equal(breaker.opened, true);
    },
  },
  {
    name: "a health check must be a function, its interval a number",
    body: (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      assert.throws(() => breaker.healthCheck("no" as never), TypeError);
      assert.throws(() => breaker.healthCheck(async () => {}, "no" as never), TypeError);
    },
  },
];
