// What cockatiel's documents say of circuit breakers that try whether the target is well again.
import assert from "node:assert/strict";
import { does, never, rejection, turn, within } from "../behaviours.ts";
import { bad, breakerOf, hour, open, past, statesOf } from "./circuit.behaviours.ts";
import type { Of } from "./library.ts";

export const halfOpen: readonly Of[] = [
  {
    name: "after its time the next call is a probe, and closes it when it succeeds",
    body: async (c) => {
      const breaker = breakerOf(c);
      await open(breaker);
      const states = statesOf(c, breaker);
      const told: string[] = [];
      breaker.onHalfOpen(() => told.push("half open"));
      breaker.onReset(() => told.push("reset"));
      await past();
      const probe = breaker.execute(does("ok"));
      assert.equal(breaker.state, c.CircuitState.HalfOpen);
      assert.equal(await probe, "ok");
      assert.equal(breaker.state, c.CircuitState.Closed);
      assert.deepEqual(
        [states, told],
        [
          ["HalfOpen", "Closed"],
          ["half open", "reset"],
        ],
      );
    },
  },
  {
    name: "a probe that fails opens it again",
    body: async (c) => {
      const breaker = breakerOf(c, { halfOpenAfter: new c.IterableBackoff([15, hour]) });
      await open(breaker);
      const states = statesOf(c, breaker);
      await past();
      assert.equal(await rejection(breaker.execute(does(bad))), bad);
      assert.ok((await rejection(breaker.execute(does("ok")))) instanceof c.BrokenCircuitError);
      assert.deepEqual(states, ["HalfOpen", "Open"]);
    },
  },
  {
    name: "the time open follows the back-off, which begins anew when it has closed",
    body: async (c) => {
      const attempts: number[] = [];
      const halfOpenAfter = new c.DelegateBackoff<{ attempt: number }>(({ attempt }) => {
        attempts.push(attempt);
        return 15;
      });
      const breaker = breakerOf(c, { halfOpenAfter });
      await open(breaker);
      for (const end of [bad, bad, "ok"]) {
        await past();
        await within(1_000, breaker.execute(does(end)));
      }
      await open(breaker);
      assert.deepEqual(attempts, [1, 2, 3, 1]);
    },
  },
  {
    name: "halfOpenSampling closes it when few enough of its probes fail",
    body: async (c) => {
      const breaker = breakerOf(c, { halfOpenSampling: { calls: 4, threshold: 0.5 } });
      await open(breaker);
      await past();
      for (const end of [bad, "ok", bad]) await within(1_000, breaker.execute(does(end)));
      assert.equal(breaker.state, c.CircuitState.HalfOpen);
      await breaker.execute(does("ok"));
      assert.equal(breaker.state, c.CircuitState.Closed);
    },
  },
  {
    name: "halfOpenSampling opens it again as soon as too many of its probes fail",
    body: async (c) => {
      const halfOpenSampling = { calls: 4, threshold: 0.25 };
      const breaker = breakerOf(c, { halfOpenSampling });
      await open(breaker);
      await past();
      await rejection(breaker.execute(does(bad)));
      assert.equal(breaker.state, c.CircuitState.HalfOpen);
      await rejection(breaker.execute(does(bad)));
      assert.equal(breaker.state, c.CircuitState.Open);
    },
  },
  {
    name: "halfOpenSampling must be possible",
    body: (c) => {
      for (const calls of [0, -1, 1.5]) {
        const halfOpenSampling = { calls, threshold: 0.5 };
        assert.throws(() => breakerOf(c, { halfOpenSampling }), RangeError);
      }
      for (const threshold of [-0.1, 1, Number.NaN]) {
        const halfOpenSampling = { calls: 1, threshold };
        assert.throws(() => breakerOf(c, { halfOpenSampling }), RangeError);
      }
    },
  },
  {
    name: "saved half open it is open when restored, and tries at once",
    body: async (c) => {
      const old = breakerOf(c);
      await open(old);
      await past();
      void old.execute(never);
      const initialState = JSON.parse(JSON.stringify(old.toJSON()));
      const fresh = breakerOf(c, { halfOpenAfter: hour, initialState });
      assert.equal(fresh.state, c.CircuitState.Open);
      assert.equal(await fresh.execute(does("ok")), "ok");
      assert.equal(fresh.state, c.CircuitState.Closed);
    },
  },
  {
    name: "calls beyond the probes are refused once the probe has failed",
    body: async (c) => {
      const breaker = breakerOf(c, { halfOpenAfter: new c.IterableBackoff([15, hour]) });
      await open(breaker);
      await past();
      const probe = Promise.withResolvers<string>();
      const first = rejection(breaker.execute(() => probe.promise));
      const second = rejection(breaker.execute(does("ok")));
      probe.reject(bad);
      assert.equal(await first, bad);
      assert.ok((await second) instanceof c.BrokenCircuitError);
    },
  },
  {
    name: "calls beyond the probes wait for their outcome and then run",
    differs: { adapter: "ours refuses them at once: a queue behind a sick target only grows" },
    body: async (c) => {
      const breaker = breakerOf(c);
      await open(breaker);
      await past();
      const probe = Promise.withResolvers<string>();
      const first = breaker.execute(() => probe.promise);
      const second = within(1_000, breaker.execute(does("second")));
      probe.resolve("first");
      assert.deepEqual([await first, await second], ["first", "second"]);
    },
  },
  {
    name: "who waited for a probe and has aborted gets a TaskCancelledError",
    differs: { adapter: "ours lets nobody wait for a probe" },
    body: async (c) => {
      const breaker = breakerOf(c);
      await open(breaker);
      await past();
      void breaker.execute(does("ok"));
      const second = await rejection(breaker.execute(does("ok"), AbortSignal.abort()));
      assert.ok(second instanceof c.TaskCancelledError);
    },
  },
  {
    name: "a probe whose error is not handled closes it",
    differs: {
      adapter: "such an error says nothing of the target: ours lets another probe through",
    },
    body: async (c) => {
      const breaker = new c.ConsecutiveBreaker(1);
      const circuit = c.circuitBreaker(c.handleType(TypeError), { halfOpenAfter: 15, breaker });
      await rejection(circuit.execute(does(new TypeError("bad"))));
      await past();
      await rejection(circuit.execute(does(bad)));
      assert.equal(circuit.state, c.CircuitState.Closed);
    },
  },
  {
    name: "a failure of a call that began before it opened does not disturb the probe",
    differs: { library: "the late failure opens it again" },
    body: async (c) => {
      const breaker = breakerOf(c);
      const late = Promise.withResolvers<string>();
      const early = rejection(breaker.execute(() => late.promise));
      await open(breaker);
      await past();
      const probe = Promise.withResolvers<string>();
      const probing = breaker.execute(() => probe.promise);
      late.reject(bad);
      await early;
      await turn();
      assert.equal(breaker.state, c.CircuitState.HalfOpen);
      probe.resolve("ok");
      assert.equal(await probing, "ok");
      assert.equal(breaker.state, c.CircuitState.Closed);
    },
  },
  {
    name: "a probe that hangs gives its place to another call",
    differs: { library: "all later calls wait for ever" },
    body: async (c) => {
      const breaker = breakerOf(c);
      await open(breaker);
      await past();
      void breaker.execute(never);
      await past();
      assert.equal(await within(60, breaker.execute(does("ok"))), "ok");
    },
  },
  {
    name: "a thousand calls during a probe end before it does",
    differs: { library: "all queue behind it" },
    body: async (c) => {
      const breaker = breakerOf(c, { halfOpenAfter: new c.IterableBackoff([15, hour]) });
      await open(breaker);
      await past();
      const held = Promise.withResolvers<string>();
      const probe = breaker.execute(() => held.promise);
      const others = Array.from({ length: 1_000 }, () => breaker.execute(does("ok")));
      const ended = await within(60, Promise.allSettled(others));
      held.resolve("ok");
      await probe;
      assert.ok(Array.isArray(ended));
    },
  },
];
