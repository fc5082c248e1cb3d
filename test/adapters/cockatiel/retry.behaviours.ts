// What cockatiel's documents say of retries and back-offs.
import assert from "node:assert/strict";
import { does, never, rejection, wait, within } from "../behaviours.ts";
import type { Cockatiel, Of } from "./library.ts";

const bad = new Error("bad");

/** The first delays of a back-off. */
function delays(factory: { next(context: never): unknown }, count: number): number[] {
  let at = factory as { duration?: number; next(context: unknown): typeof at };
  return Array.from({ length: count }, () => {
    at = at.next(undefined);
    return at.duration ?? Number.NaN;
  });
}

/** Many first and third delays with this generator, 100 ms growing by 2 up to 300. */
function drawn(c: Cockatiel, generator: unknown): { first: number[]; third: number[] } {
  const given = generator === undefined ? {} : { generator };
  const options = { ...given, initialDelay: 100, maxDelay: 300, exponent: 2 } as object;
  const draws = Array.from({ length: 200 }, () => delays(new c.ExponentialBackoff(options), 3));
  return { first: draws.map(([one = -1]) => one), third: draws.map(([, , three = -1]) => three) };
}

export const backoffs: readonly Of[] = [
  {
    name: "ConstantBackoff waits the same each time",
    body: (c) => assert.deepEqual(delays(new c.ConstantBackoff(42), 3), [42, 42, 42]),
  },
  {
    name: "IterableBackoff goes on with its last delay",
    body: (c) => assert.deepEqual(delays(new c.IterableBackoff([1, 5, 9]), 5), [1, 5, 9, 9, 9]),
  },
  {
    name: "DelegateBackoff is given the context and keeps a state",
    body: (c) => {
      const backoff = new c.DelegateBackoff<{ n: number }, number>(({ n }, state = 0) => ({
        delay: n * 10 + state,
        state: state + 1,
      }));
      const first = backoff.next({ n: 1 });
      assert.deepEqual([first.duration, first.next({ n: 2 }).duration], [10, 21]);
    },
  },
  {
    name: "ExponentialBackoff doubles 128 ms up to 30 s",
    body: (c) => {
      const backoff = new c.ExponentialBackoff({ generator: c.noJitterGenerator });
      const expected = [128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 30_000, 30_000];
      assert.deepEqual(delays(backoff, 10), expected);
    },
  },
  {
    name: "ExponentialBackoff grows by its exponent",
    differs: { library: "its generators without decorrelation always double" },
    body: (c) => {
      const generator = c.noJitterGenerator;
      const backoff = new c.ExponentialBackoff({ generator, initialDelay: 10, exponent: 3 });
      assert.deepEqual(delays(backoff, 3), [10, 30, 90]);
    },
  },
  {
    name: "full jitter is anywhere below the delay",
    body: (c) => {
      const { first, third } = drawn(c, c.fullJitterGenerator);
      assert.ok(first.every((ms) => ms >= 0 && ms < 100));
      assert.ok(third.every((ms) => ms >= 0 && ms < 300));
      assert.ok(Math.min(...third) < 60 && Math.max(...third) > 240);
    },
  },
  {
    name: "half jitter is anywhere in the upper half of the delay",
    body: (c) => {
      const { first, third } = drawn(c, c.halfJitterGenerator);
      assert.ok(first.every((ms) => ms >= 50 && ms < 100));
      assert.ok(third.every((ms) => ms >= 150 && ms < 300));
    },
  },
  {
    name: "decorrelated jitter is the default and stays within the limit",
    body: (c) => {
      const { first, third } = drawn(c, undefined);
      assert.ok([...first, ...third].every((ms) => ms >= 0 && ms <= 300));
      assert.ok(new Set(first).size > 100);
      const far = delays(new c.ExponentialBackoff(), 3_000);
      assert.ok(far.every((ms) => ms >= 0 && ms <= 30_000));
    },
  },
];

export const retries: readonly Of[] = [
  {
    name: "maxAttempts counts the repeats",
    body: async (c) => {
      const work = does(bad);
      assert.equal(await rejection(c.retry(c.handleAll, { maxAttempts: 3 }).execute(work)), bad);
      assert.equal(work.calls, 4);
    },
  },
  {
    name: "without maxAttempts it repeats until it succeeds",
    body: async (c) => {
      const work = does<string>(...new Array<Error>(20).fill(bad), "ok");
      assert.equal(await c.retry(c.handleAll, {}).execute(work), "ok");
    },
  },
  {
    name: "the last bad result is returned when repeats are used up",
    body: async (c) => {
      const policy = c.handleWhenResult((n) => n !== 200);
      assert.equal(await c.retry(policy, { maxAttempts: 2 }).execute(does(501, 502, 503)), 503);
    },
  },
  {
    name: "attempt counts from 0",
    body: async (c) => {
      const seen: number[] = [];
      const run = c.retry(c.handleAll, { maxAttempts: 2 }).execute(({ attempt }) => {
        seen.push(attempt);
        throw bad;
      });
      await rejection(run);
      assert.deepEqual(seen, [0, 1, 2]);
    },
  },
  {
    name: "onRetry tells the reason, the delay and the attempt that comes",
    body: async (c) => {
      const backoff = new c.IterableBackoff([1, 2]);
      const policy = c.handleAll.orWhenResult((n) => n === 503);
      const retry = c.retry(policy, { maxAttempts: 3, backoff });
      const told: unknown[] = [];
      retry.onRetry((event) => told.push(event));
      await retry.execute(does<Error | number>(bad, 503, 200));
      assert.deepEqual(told, [
        { error: bad, delay: 1, attempt: 1 },
        { value: 503, delay: 2, attempt: 2 },
      ]);
    },
  },
  {
    name: "onRetry is told before the repeat begins",
    body: async (c) => {
      const order: string[] = [];
      const retry = c.retry(c.handleAll, { maxAttempts: 1 });
      retry.onRetry(() => order.push("told"));
      await rejection(
        retry.execute(() => {
          order.push("run");
          throw bad;
        }),
      );
      assert.deepEqual(order, ["run", "told", "run"]);
    },
  },
  {
    name: "onGiveUp tells the last reason, and only when it gives up",
    body: async (c) => {
      const retry = c.retry(
        c.handleType(TypeError).orWhenResult((n) => n === 503),
        {
          maxAttempts: 1,
        },
      );
      const told: unknown[] = [];
      retry.onGiveUp((reason) => told.push(reason));
      const error = new TypeError("one");
      await retry.execute(does<Error | number>(error, 200));
      await rejection(retry.execute(does(bad)));
      assert.deepEqual(told, []);
      await rejection(retry.execute(does(error)));
      await retry.execute(does(503));
      assert.deepEqual(told, [{ error }, { value: 503 }]);
    },
  },
  {
    name: "onSuccess is told once, onFailure for each failed attempt",
    body: async (c) => {
      const retry = c.retry(c.handleAll, { maxAttempts: 5 });
      const told: string[] = [];
      retry.onSuccess(() => told.push("success"));
      retry.onFailure(() => told.push("failure"));
      await retry.execute(does<Error | string>(bad, bad, "ok"));
      assert.deepEqual(told, ["failure", "failure", "success"]);
    },
  },
  {
    name: "waits as long as the back-off says",
    body: async (c) => {
      const startedAt = performance.now();
      const retry = c.retry(c.handleAll, { maxAttempts: 2, backoff: new c.ConstantBackoff(30) });
      await rejection(retry.execute(does(bad)));
      assert.ok(performance.now() - startedAt >= 58);
    },
  },
  {
    name: "the back-off is given attempt from 1, the result and the signal",
    body: async (c) => {
      const { signal } = new AbortController();
      const told: unknown[] = [];
      const backoff = new c.DelegateBackoff((context) => {
        told.push(context);
        return 1;
      });
      const retry = c.retry(c.handleAll, { maxAttempts: 2, backoff });
      await rejection(retry.execute(does(bad), signal));
      const expected = [1, 2].map((attempt) => ({ attempt, signal, result: { error: bad } }));
      assert.deepEqual(told, expected);
    },
  },
  {
    name: "a back-off that throws ends the call with its error",
    body: async (c) => {
      const mine = new Error("enough");
      const backoff = new c.DelegateBackoff(() => {
        throw mine;
      });
      const work = does(bad);
      assert.equal(await rejection(c.retry(c.handleAll, { backoff }).execute(work)), mine);
      assert.equal(work.calls, 1);
    },
  },
  {
    name: "each call has a back-off of its own",
    body: async (c) => {
      const retry = c.retry(c.handleAll, {
        maxAttempts: 2,
        backoff: new c.IterableBackoff([1, 2, 99]),
      });
      const told: number[] = [];
      retry.onRetry(({ delay }) => told.push(delay));
      await rejection(retry.execute(does(bad)));
      await rejection(retry.execute(does(bad)));
      assert.deepEqual(told, [1, 2, 1, 2]);
    },
  },
  {
    name: "an abort during an attempt leaves it running, and it is not repeated",
    body: async (c) => {
      const caller = new AbortController();
      const retry = c.retry(c.handleAll, { maxAttempts: 3 });
      let calls = 0;
      const run = retry.execute(async ({ signal }) => {
        calls += 1;
        caller.abort();
        await wait(5);
        assert.ok(signal.aborted);
        throw bad;
      }, caller.signal);
      assert.equal(await rejection(run), bad);
      assert.equal(calls, 1);
    },
  },
  {
    name: "an abort during the back-off ends the call with the last error",
    differs: { library: "it waits to the end and calls the function once more" },
    body: async (c) => {
      const caller = new AbortController();
      const backoff = new c.ConstantBackoff(120);
      const retry = c.retry(c.handleAll, { maxAttempts: 3, backoff });
      const gaveUp: unknown[] = [];
      retry.onGiveUp((reason) => gaveUp.push(reason));
      retry.onRetry(() => setTimeout(() => caller.abort(), 10));
      const work = does(bad);
      assert.equal(await rejection(retry.execute(work, caller.signal)), bad);
      assert.deepEqual([work.calls, gaveUp], [1, [{ error: bad }]]);
    },
  },
  {
    name: "dangerouslyUnref gives a retry that repeats as well",
    body: async (c) => {
      const work = does<Error | string>(bad, "ok");
      const retry = c.retry(c.handleAll, { maxAttempts: 1 }).dangerouslyUnref();
      assert.equal(await within(1_000, retry.execute(work)), "ok");
    },
  },
  {
    name: "a function that never ends is not repeated",
    body: async (c) => {
      let calls = 0;
      const run = c.retry(c.handleAll, { maxAttempts: 3 }).execute(() => {
        calls += 1;
        return never();
      });
      await within(20, run);
      assert.equal(calls, 1);
    },
  },
];
