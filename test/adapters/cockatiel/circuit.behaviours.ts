// What cockatiel's documents say of circuit breakers that are closed, open or isolated.
import assert from "node:assert/strict";
import { does, rejection, wait } from "../behaviours.ts";
import type { Cockatiel, Of } from "./library.ts";

type Breaker = ReturnType<Cockatiel["circuitBreaker"]>;
type Options = Parameters<Cockatiel["circuitBreaker"]>[1];

export const bad: Error = new Error("bad");
export const hour = 3_600_000;

/** After two failures in a row, for 15 ms unless told otherwise. */
export function breakerOf(c: Cockatiel, more: Partial<Options> = {}): Breaker {
  const breaker = new c.ConsecutiveBreaker(2);
  return c.circuitBreaker(c.handleAll, { halfOpenAfter: 15, breaker, ...more });
}

export async function open(breaker: Breaker): Promise<void> {
  for (let i = 0; i < 2; i++) await rejection(breaker.execute(does(bad)));
}

/** Past the 15 ms. */
export const past = (): Promise<void> => wait(25);

/** The names of the states in the order they came. */
export function statesOf(c: Cockatiel, breaker: Breaker): string[] {
  const names = new Map(Object.entries(c.CircuitState).map(([name, value]) => [value, name]));
  const seen: string[] = [];
  breaker.onStateChange((state) => seen.push(names.get(state) ?? String(state)));
  return seen;
}

/** Fails and succeeds as the text says: "x" and ".". */
async function feed(breaker: Breaker, text: string): Promise<void> {
  for (const mark of text) {
    const run = breaker.execute(does(mark === "x" ? bad : "ok"));
    await (mark === "x" ? rejection(run) : run);
  }
}

export const circuits: readonly Of[] = [
  {
    name: "a closed circuit lets calls through with what they give",
    body: async (c) => {
      const breaker = breakerOf(c);
      assert.equal(await breaker.execute(() => 42), 42);
      assert.equal(await rejection(breaker.execute(does(bad))), bad);
      assert.equal(breaker.state, c.CircuitState.Closed);
    },
  },
  {
    name: "ConsecutiveBreaker opens after so many failures in a row",
    body: async (c) => {
      const breaker = breakerOf(c, { breaker: new c.ConsecutiveBreaker(3), halfOpenAfter: hour });
      await feed(breaker, "xx.xx.xx");
      assert.equal(breaker.state, c.CircuitState.Closed);
      await feed(breaker, "x");
      assert.equal(breaker.state, c.CircuitState.Open);
    },
  },
  {
    name: "an open circuit refuses with a BrokenCircuitError and runs nothing",
    body: async (c) => {
      const breaker = breakerOf(c, { halfOpenAfter: hour });
      await open(breaker);
      const work = does("ok");
      const error = await rejection(breaker.execute(work));
      assert.ok(
        error instanceof c.BrokenCircuitError && !(error instanceof c.IsolatedCircuitError),
      );
      assert.equal(work.calls, 0);
    },
  },
  {
    name: "CountBreaker opens above its share of the last calls, not at it",
    body: async (c) => {
      const options = { threshold: 0.5, size: 4, minimumNumberOfCalls: 4 };
      const breaker = breakerOf(c, { breaker: new c.CountBreaker(options), halfOpenAfter: hour });
      await feed(breaker, "..xx");
      assert.equal(breaker.state, c.CircuitState.Closed);
      await feed(breaker, "x");
      assert.equal(breaker.state, c.CircuitState.Open);
    },
  },
  {
    name: "CountBreaker forgets what is older than its size",
    body: async (c) => {
      const options = { threshold: 0.5, size: 4, minimumNumberOfCalls: 4 };
      const breaker = breakerOf(c, { breaker: new c.CountBreaker(options), halfOpenAfter: hour });
      await feed(breaker, "xx....xx");
      assert.equal(breaker.state, c.CircuitState.Closed);
    },
  },
  {
    name: "CountBreaker waits for as many calls as its size unless told fewer",
    body: async (c) => {
      const full = new c.CountBreaker({ threshold: 0.5, size: 5 });
      const few = new c.CountBreaker({ threshold: 0.5, size: 5, minimumNumberOfCalls: 2 });
      const count = (b: typeof full): number => [1, 2, 3, 4, 5].findIndex(() => b.failure(0)) + 1;
      assert.deepEqual([count(full), count(few)], [5, 2]);
    },
  },
  {
    name: "the sizes and shares of breakers must be possible",
    body: (c) => {
      for (const threshold of [-1, 0, 1, 2]) {
        assert.throws(() => new c.CountBreaker({ threshold, size: 5 }), RangeError);
        assert.throws(() => new c.SamplingBreaker({ threshold, duration: 5_000 }), RangeError);
      }
      for (const size of [0, -1, 1.5])
        assert.throws(() => new c.CountBreaker({ threshold: 0.5, size }), RangeError);
      const tooMany = { threshold: 0.5, size: 5, minimumNumberOfCalls: 6 };
      assert.throws(() => new c.CountBreaker(tooMany), RangeError);
    },
  },
  {
    name: "SamplingBreaker opens above its share when there are calls enough",
    body: async (c) => {
      const options = { threshold: 0.5, duration: 30_000, minimumRps: 0.2 };
      const breaker = breakerOf(c, {
        breaker: new c.SamplingBreaker(options),
        halfOpenAfter: hour,
      });
      await feed(breaker, "xxx..");
      assert.equal(breaker.state, c.CircuitState.Closed);
      await feed(breaker, "x");
      assert.equal(breaker.state, c.CircuitState.Open);
    },
  },
  {
    name: "SamplingBreaker forgets what is older than its duration",
    differs: {
      library: "one slice of the window is given up for each call, however late it comes",
    },
    body: async (c) => {
      const options = { threshold: 0.5, duration: 40, minimumRps: 1 };
      const breaker = new c.SamplingBreaker(options);
      for (let i = 0; i < 5; i++) breaker.success(c.CircuitState.Closed);
      await wait(120);
      assert.equal(breaker.failure(c.CircuitState.Closed), true);
    },
  },
  {
    name: "errors that are not handled do not count",
    body: async (c) => {
      const breaker = new c.ConsecutiveBreaker(2);
      const circuit = c.circuitBreaker(c.handleType(TypeError), { halfOpenAfter: hour, breaker });
      for (let i = 0; i < 5; i++) await rejection(circuit.execute(does(bad)));
      assert.equal(circuit.state, c.CircuitState.Closed);
    },
  },
  {
    name: "bad results count, and are returned",
    body: async (c) => {
      const breaker = new c.ConsecutiveBreaker(2);
      const policy = c.handleWhenResult((n) => n === 503);
      const circuit = c.circuitBreaker(policy, { halfOpenAfter: hour, breaker });
      assert.equal(await circuit.execute(does(503)), 503);
      assert.equal(await circuit.execute(does(503)), 503);
      assert.equal(circuit.state, c.CircuitState.Open);
      assert.deepEqual(circuit.lastFailure, { value: 503 });
    },
  },
  {
    name: "onBreak tells the failure that opened it, once, and then the change of state",
    body: async (c) => {
      const breaker = breakerOf(c, { halfOpenAfter: hour });
      const told: unknown[] = [];
      breaker.onBreak((reason) => told.push(reason));
      breaker.onStateChange((state) => told.push(state));
      await open(breaker);
      await rejection(breaker.execute(does("ok")));
      assert.deepEqual(told, [{ error: bad }, c.CircuitState.Open]);
      assert.deepEqual(breaker.lastFailure, { error: bad });
    },
  },
  {
    name: "a breaker of one's own is asked after each call, with the state",
    body: async (c) => {
      const asked: unknown[] = [];
      const mine = {
        state: undefined as unknown,
        success: (state: number) => void asked.push(`success ${state}`),
        failure: (state: number) => asked.push(`failure ${state}`) >= 3,
      };
      const breaker = breakerOf(c, { breaker: mine });
      await feed(breaker, ".xx");
      assert.equal(breaker.state, c.CircuitState.Open);
      await past();
      await feed(breaker, "x");
      await past();
      await feed(breaker, ".");
      const { Closed, HalfOpen } = c.CircuitState;
      const probes = [`failure ${HalfOpen}`, `success ${HalfOpen}`];
      const expected = [`success ${Closed}`, `failure ${Closed}`, `failure ${Closed}`, ...probes];
      assert.deepEqual(asked, expected);
    },
  },
  {
    name: "isolated it refuses with an IsolatedCircuitError until the last handle is disposed of",
    body: async (c) => {
      const breaker = breakerOf(c);
      const told: unknown[] = [];
      breaker.onBreak((reason) => told.push(reason));
      breaker.onReset(() => told.push("reset"));
      const states = statesOf(c, breaker);
      const [one, two] = [breaker.isolate(), breaker.isolate()];
      const error = await rejection(breaker.execute(does("ok")));
      assert.ok(error instanceof c.IsolatedCircuitError);
      one.dispose();
      one.dispose();
      assert.equal(breaker.state, c.CircuitState.Isolated);
      two.dispose();
      assert.equal(await breaker.execute(does("ok")), "ok");
      assert.deepEqual(told, [{ isolated: true }, "reset"]);
      assert.deepEqual(states, ["Isolated", "Closed"]);
    },
  },
  {
    name: "the caller's abort is told to the function and ends nothing by itself",
    body: async (c) => {
      const caller = new AbortController();
      const run = breakerOf(c).execute(async ({ signal }) => {
        caller.abort();
        await wait(1);
        return signal.aborted;
      }, caller.signal);
      assert.equal(await run, true);
    },
  },
  {
    name: "an open circuit saved and restored stays open for the rest of its time",
    body: async (c) => {
      const old = breakerOf(c, { halfOpenAfter: hour });
      await open(old);
      const initialState = JSON.parse(JSON.stringify(old.toJSON()));
      const fresh = breakerOf(c, { halfOpenAfter: hour, initialState });
      assert.equal(fresh.state, c.CircuitState.Open);
      const { error } = fresh.lastFailure as { error: unknown };
      assert.ok(error instanceof c.HydratingCircuitError);
      assert.ok((await rejection(fresh.execute(does("ok")))) instanceof c.BrokenCircuitError);
    },
  },
  {
    name: "a closed circuit saved and restored goes on counting",
    body: async (c) => {
      const old = breakerOf(c, { halfOpenAfter: hour });
      await feed(old, "x");
      const initialState = JSON.parse(JSON.stringify(old.toJSON()));
      const fresh = breakerOf(c, { halfOpenAfter: hour, initialState });
      await feed(fresh, "x");
      assert.equal(fresh.state, c.CircuitState.Open);
    },
  },
];
