// What opossum's documents say of firing: arguments, results, timeouts, fallbacks, capacity.
import assert from "node:assert/strict";
import { does, never, rejection, turn, wait, within } from "../behaviours.ts";
import { bad, codeOf, heard, hour, type Of, passFail, quick } from "./library.ts";

export const firing: readonly Of[] = [
  {
    name: "fire passes its arguments on and gives the result",
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(async (a: number, b: number) => a + b);
      assert.equal(await breaker.fire(40, 2), 42);
    },
  },
  {
    name: "the action's own error is passed on and is not opossum's",
    body: async (CircuitBreaker) => {
      const error = await rejection(quick(CircuitBreaker).fire(-1));
      assert.equal(error, bad);
      assert.equal(CircuitBreaker.isOurError(error), false);
    },
  },
  {
    name: "an action may return a plain value, or be one",
    body: async (CircuitBreaker) => {
      assert.equal(await new CircuitBreaker(() => "plain").fire(), "plain");
      assert.equal(await new CircuitBreaker("value").fire(), "value");
    },
  },
  {
    name: "an action may return nothing",
    differs: { library: "it fails with a TypeError reading 'then' of undefined" },
    body: async (CircuitBreaker) => {
      assert.equal(await within(1_000, new CircuitBreaker(() => undefined).fire()), undefined);
    },
  },
  {
    name: "an action that throws is an action that fails",
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(() => {
        throw bad;
      });
      assert.equal(await rejection(breaker.fire()), bad);
      assert.equal(breaker.stats.failures, 1);
    },
  },
  {
    name: "there must be an action",
    body: (CircuitBreaker) => assert.throws(() => new CircuitBreaker(undefined), TypeError),
  },
  {
    name: "call runs the action with its first argument as this, disabled too",
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(function (this: { by: number }, n: number) {
        return Promise.resolve(this.by * n);
      });
      assert.equal(await breaker.call({ by: 6 }, 7), 42);
      breaker.disable();
      assert.equal(await breaker.call({ by: 6 }, 7), 42);
    },
  },
  {
    name: "it is named after the action unless told otherwise, and its group after it",
    body: (CircuitBreaker) => {
      const breaker = new CircuitBreaker(passFail);
      const named = new CircuitBreaker(passFail, { name: "taco", group: "food" });
      assert.deepEqual([breaker.name, breaker.group], ["passFail", "passFail"]);
      assert.deepEqual([named.name, named.group], ["taco", "food"]);
    },
  },
  {
    name: "an action that takes too long fails with ETIMEDOUT, an error of opossum",
    body: async (CircuitBreaker) => {
      const error = await rejection(new CircuitBreaker(never, { timeout: 10 }).fire());
      assert.ok(error instanceof Error);
      assert.equal(error.message, "Timed out after 10ms");
      assert.deepEqual([codeOf(error), CircuitBreaker.isOurError(error)], ["ETIMEDOUT", true]);
    },
  },
  {
    name: "timeout 0 or false is none",
    body: async (CircuitBreaker) => {
      for (const timeout of [0, false] as const) {
        const breaker = new CircuitBreaker(() => wait(30), { timeout });
        assert.equal(await breaker.fire(), undefined);
      }
    },
  },
  {
    name: "each end is told with what the action gave, the latency and the arguments",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { errorThresholdPercentage: 100 });
      const list = heard(breaker, "fire", "success", "failure");
      await breaker.fire(1);
      await rejection(breaker.fire(-1, "more"));
      const [fired, success, again, failure] = list;
      assert.deepEqual(fired, ["fire", [1]]);
      assert.deepEqual(success?.slice(0, 2), ["success", 1]);
      assert.equal(typeof success?.[2], "number");
      assert.deepEqual(again, ["fire", [-1, "more"]]);
      assert.deepEqual(failure?.slice(0, 2), ["failure", bad]);
      assert.deepEqual(failure?.[3], [-1, "more"]);
    },
  },
  {
    name: "a timeout is told as timeout and as failure, and what comes later as nothing",
    body: async (CircuitBreaker) => {
      const late = Promise.withResolvers<string>();
      const breaker = new CircuitBreaker(() => late.promise, { timeout: 10 });
      const list = heard(breaker, "timeout", "failure", "success");
      const error = await rejection(breaker.fire("given"));
      late.resolve("late");
      await turn();
      assert.deepEqual(
        list.map(([name, value, , args]) => [name, value, args]),
        [
          ["timeout", error, ["given"]],
          ["failure", error, ["given"]],
        ],
      );
    },
  },
];

export const fallbacks: readonly Of[] = [
  {
    name: "a fallback is given the arguments and the error, and its result is the call's",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker);
      const given: unknown[] = [];
      assert.equal(
        breaker.fallback((...args: unknown[]) => {
          given.push(...args);
          return "instead";
        }),
        breaker,
      );
      const list = heard(breaker, "failure", "fallback");
      assert.equal(await breaker.fire(-1, "more"), "instead");
      assert.deepEqual(given, [-1, "more", bad]);
      assert.deepEqual(
        list.map(([name]) => name),
        ["failure", "fallback"],
      );
      assert.deepEqual(list[1], ["fallback", "instead", bad]);
      assert.equal(breaker.stats.fallbacks, 1);
    },
  },
  {
    name: "a fallback stands in while the circuit is open, and for a timeout",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { resetTimeout: hour });
      breaker.fallback((...args) => codeOf(args.at(-1)));
      await breaker.fire(-1);
      assert.equal(await breaker.fire(1), "EOPENBREAKER");
      const slow = new CircuitBreaker(never, { timeout: 10 });
      slow.fallback((error) => codeOf(error));
      assert.equal(await slow.fire(), "ETIMEDOUT");
    },
  },
  {
    name: "a fallback may fail: at once or later",
    body: async (CircuitBreaker) => {
      const mine = new Error("mine");
      const breaker = quick(CircuitBreaker);
      breaker.fallback(() => {
        throw mine;
      });
      assert.equal(await rejection(breaker.fire(-1)), mine);
      breaker.fallback(does(mine));
      assert.equal(await rejection(breaker.fire(-1)), mine);
    },
  },
  {
    name: "a fallback may be another breaker",
    body: async (CircuitBreaker) => {
      const other = new CircuitBreaker(async (n: number) => n * 2);
      assert.equal(await quick(CircuitBreaker).fallback(other).fire(-1), -2);
    },
  },
  {
    name: "no fallback is asked when the action succeeds",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker).fallback(() => "instead");
      assert.equal(await breaker.fire(1), 1);
      assert.equal(breaker.stats.fallbacks, 0);
    },
  },
];

export const capacities: readonly Of[] = [
  {
    name: "beyond its capacity calls are refused with ESEMLOCKED, and told so",
    body: async (CircuitBreaker) => {
      const held = Promise.withResolvers<string>();
      const breaker = new CircuitBreaker(() => held.promise, { capacity: 1 });
      const list = heard(breaker, "semaphoreLocked", "failure");
      const inside = breaker.fire();
      const error = await rejection(breaker.fire());
      assert.deepEqual([codeOf(error), CircuitBreaker.isOurError(error)], ["ESEMLOCKED", true]);
      assert.deepEqual(
        list.map(([name, value]) => [name, value]),
        [
          ["semaphoreLocked", error],
          ["failure", error],
        ],
      );
      assert.equal(breaker.stats.semaphoreRejections, 1);
      held.resolve("ok");
      assert.equal(await inside, "ok");
    },
  },
  {
    name: "a call that ended gives its place back, well or not",
    body: async (CircuitBreaker) => {
      const breaker = quick(CircuitBreaker, { capacity: 1, errorThresholdPercentage: 100 });
      await breaker.fire(1);
      await rejection(breaker.fire(-1));
      assert.equal(breaker.semaphore.count, 1);
      assert.equal(await breaker.fire(2), 2);
    },
  },
  {
    name: "a call that timed out gives its place back though the action goes on",
    differs: {
      adapter: "ours keeps the place until the work has ended, which is what loads the target",
    },
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(never, { capacity: 1, timeout: 10 });
      await rejection(breaker.fire());
      assert.equal(breaker.semaphore.count, 1);
    },
  },
  {
    name: "calls refused for lack of capacity open the circuit",
    differs: { adapter: "what never reached the target says nothing of it" },
    body: async (CircuitBreaker) => {
      const breaker = new CircuitBreaker(never, { capacity: 1, timeout: false });
      void breaker.fire();
      for (let i = 0; i < 3; i++) await rejection(breaker.fire());
      assert.equal(breaker.opened, true);
    },
  },
];
