// What cockatiel's documents say of policies, events, wrapping and decorating.
import assert from "node:assert/strict";
import { does, rejection } from "../behaviours.ts";
import type { Of } from "./library.ts";

class NetworkError extends Error {}
class HttpError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

export const policies: readonly Of[] = [
  {
    name: "handleAll handles every error",
    body: async (c) => {
      const work = does(new Error("one"), new NetworkError("two"), "ok");
      assert.equal(await c.retry(c.handleAll, { maxAttempts: 5 }).execute(work), "ok");
      assert.equal(work.calls, 3);
    },
  },
  {
    name: "handleType handles errors of the type only",
    body: async (c) => {
      const other = new HttpError(500);
      const work = does(new NetworkError("one"), other);
      const run = c.retry(c.handleType(NetworkError), { maxAttempts: 5 }).execute(work);
      assert.equal(await rejection(run), other);
      assert.equal(work.calls, 2);
    },
  },
  {
    name: "orType takes a filter of the error too",
    body: async (c) => {
      const policy = c.handleType(NetworkError).orType(HttpError, (error) => error.status === 503);
      const last = new HttpError(404);
      const work = does(new HttpError(503), new NetworkError("two"), last);
      assert.equal(await rejection(c.retry(policy, { maxAttempts: 5 }).execute(work)), last);
      assert.equal(work.calls, 3);
    },
  },
  {
    name: "handleWhen and orWhen handle what their filters say",
    body: async (c) => {
      const policy = c
        .handleWhen((error) => error instanceof NetworkError)
        .orWhen((error) => error instanceof Error && error.message === "again");
      const work = does(new NetworkError("one"), new Error("again"), "ok");
      assert.equal(await c.retry(policy, { maxAttempts: 5 }).execute(work), "ok");
    },
  },
  {
    name: "handleResultType and orResultType treat results as failures",
    body: async (c) => {
      const policy = c
        .handleResultType(NetworkError)
        .orResultType(HttpError, (result) => result.status === 503);
      const results = [new NetworkError("one"), new HttpError(503), new HttpError(404)];
      const last = results.at(-1);
      const run = c.retry(policy, { maxAttempts: 5 }).execute(() => results.shift());
      assert.equal(await run, last);
    },
  },
  {
    name: "handleWhenResult and orWhenResult treat results as failures",
    body: async (c) => {
      const policy = c.handleWhenResult((n) => n === 503).orWhenResult((n) => n === 429);
      const work = does(503, 429, 200);
      assert.equal(await c.retry(policy, { maxAttempts: 5 }).execute(work), 200);
    },
  },
  {
    name: "a policy of results handles no error",
    body: async (c) => {
      const work = does(new Error("one"), 200);
      const policy = c.handleWhenResult((n) => n === 503);
      await rejection(c.retry(policy, { maxAttempts: 5 }).execute(work));
      assert.equal(work.calls, 1);
    },
  },
  {
    name: "noop gives the value or the error of the function",
    body: async (c) => {
      const error = new Error("mine");
      assert.equal(await c.noop.execute(() => 42), 42);
      assert.equal(await rejection(c.noop.execute(does(error))), error);
    },
  },
  {
    name: "the function is given the caller's signal",
    body: async (c) => {
      const { signal } = new AbortController();
      const breaker = new c.ConsecutiveBreaker(2);
      const all = [
        c.noop,
        c.retry(c.handleAll, { maxAttempts: 1 }),
        c.circuitBreaker(c.handleAll, { halfOpenAfter: 1_000, breaker }),
        c.bulkhead(1),
        c.fallback(c.handleAll, "no"),
      ];
      for (const policy of all)
        assert.equal(await policy.execute((given) => given.signal, signal), signal);
    },
  },
  {
    name: "the function is given a signal when the caller gave none",
    body: async (c) => {
      assert.ok(await c.noop.execute(({ signal }) => signal instanceof AbortSignal));
    },
  },
  {
    name: "wrap runs the first policy outermost",
    body: async (c) => {
      const retry = c.retry(c.handleAll, { maxAttempts: 1 });
      const fallback = c.fallback(c.handleAll, "instead");
      const inside = does(new Error("one"), "ok");
      assert.equal(await c.wrap(retry, fallback).execute(inside), "instead");
      assert.equal(inside.calls, 1);
      const outside = does(new Error("one"), "ok");
      assert.equal(await c.wrap(fallback, retry).execute(outside), "ok");
      assert.equal(outside.calls, 2);
    },
  },
  {
    name: "wrap gives the function what all policies give",
    body: async (c) => {
      const retry = c.retry(c.handleAll, { maxAttempts: 2 });
      const timeout = c.timeout(60_000, c.TimeoutStrategy.Cooperative);
      const attempts = does(new Error("one"), "ok");
      const seen = await c.wrap(retry, timeout).execute(async ({ attempt, signal }) => {
        await attempts();
        return { attempt, is: signal instanceof AbortSignal };
      });
      assert.deepEqual(seen, { attempt: 1, is: true });
    },
  },
  {
    name: "wrap shows its policies and has the events of the outermost",
    body: (c) => {
      const retry = c.retry(c.handleAll, { maxAttempts: 1 });
      const wrapped = c.wrap(retry, c.noop);
      assert.deepEqual(wrapped.wrapped, [retry, c.noop]);
      assert.equal(wrapped.onSuccess, retry.onSuccess);
      assert.equal(wrapped.onFailure, retry.onFailure);
    },
  },
  {
    name: "usePolicy puts a method behind the policy and adds the context",
    body: async (c) => {
      const decorate = c.usePolicy(c.retry(c.handleAll, { maxAttempts: 3 }) as never);
      const descriptor: PropertyDescriptor = {
        value(this: { by: number }, n: number, { attempt }: { attempt: number }) {
          if (attempt < 2) throw new Error("not yet");
          return n * this.by + attempt;
        },
      };
      decorate({}, "scale", descriptor);
      assert.equal(await descriptor.value.call({ by: 10 }, 4), 42);
    },
  },
  {
    name: "usePolicy takes a signal as the last argument for the call's own",
    body: async (c) => {
      const caller = new AbortController();
      const descriptor: PropertyDescriptor = {
        value: (...args: unknown[]) => args,
      };
      c.usePolicy(c.noop)({}, "list", descriptor);
      const [first, context, ...rest] = await descriptor.value(1, caller.signal);
      assert.deepEqual([first, context.signal, rest], [1, caller.signal, []]);
    },
  },
  {
    name: "usePolicy refuses what is no method",
    body: (c) => {
      assert.throws(() => c.usePolicy(c.noop)({}, "list", { value: 42 }), /functions/);
    },
  },
];

export const events: readonly Of[] = [
  {
    name: "a listener hears until it is disposed of, which may be done twice",
    body: (c) => {
      const heard: number[] = [];
      const emitter = new c.EventEmitter<number>();
      const listening = emitter.addListener((n) => heard.push(n));
      emitter.addListener((n) => heard.push(-n));
      emitter.emit(1);
      listening.dispose();
      listening.dispose();
      emitter.emit(2);
      assert.deepEqual(heard, [1, -1, -2]);
    },
  },
  {
    name: "Event.once hears one event, or none when it is disposed of before",
    body: (c) => {
      const heard: string[] = [];
      const emitter = new c.EventEmitter<string>();
      c.Event.once(emitter.addListener, (text) => heard.push(text));
      c.Event.once(emitter.addListener, (text) => heard.push(`not ${text}`)).dispose();
      emitter.emit("one");
      emitter.emit("two");
      assert.deepEqual(heard, ["one"]);
    },
  },
  {
    name: "Event.toPromise becomes the next event",
    body: async (c) => {
      const emitter = new c.EventEmitter<number>();
      const next = c.Event.toPromise(emitter.addListener);
      emitter.emit(42);
      assert.equal(await next, 42);
    },
  },
  {
    name: "Event.toPromise is rejected with a TaskCancelledError when its signal aborts",
    body: async (c) => {
      const emitter = new c.EventEmitter<number>();
      const caller = new AbortController();
      const next = rejection(c.Event.toPromise(emitter.addListener, caller.signal));
      caller.abort();
      assert.ok((await next) instanceof c.TaskCancelledError);
      const late = rejection(c.Event.toPromise(emitter.addListener, caller.signal));
      assert.ok((await late) instanceof c.TaskCancelledError);
    },
  },
  {
    name: "onSuccess tells how long the function took",
    body: async (c) => {
      const policy = c.fallback(c.handleAll, "instead");
      const told: number[] = [];
      policy.onSuccess(({ duration }) => told.push(duration));
      policy.onFailure(() => told.push(-1));
      await policy.execute(does("ok"));
      assert.equal(told.length, 1);
      assert.ok((told[0] ?? -1) >= 0);
    },
  },
  {
    name: "onFailure tells the reason, and whether it is handled",
    body: async (c) => {
      const [one, two] = [new NetworkError("one"), new Error("two")];
      const policy = c.fallback(
        c.handleType(NetworkError).orWhenResult((n) => n === 503),
        "no",
      );
      const told: unknown[] = [];
      policy.onFailure(({ reason, handled }) => told.push({ ...reason, handled }));
      await policy.execute(does(one));
      await policy.execute(does(503));
      await rejection(policy.execute(does(two)));
      assert.deepEqual(told, [
        { error: one, handled: true },
        { value: 503, handled: true },
        { error: two, handled: false },
      ]);
    },
  },
  {
    name: "the errors know themselves, and an isolated circuit is a broken one",
    body: (c) => {
      const broken = new c.BrokenCircuitError();
      const isolated = new c.IsolatedCircuitError();
      const full = new c.BulkheadRejectedError(1, 2);
      const cancelled = new c.TaskCancelledError("text");
      const hydrating = new c.HydratingCircuitError();
      const all = [broken, isolated, full, cancelled, hydrating];
      const known = (is: (error: unknown) => boolean): boolean[] => all.map(is);
      assert.deepEqual(known(c.isBrokenCircuitError), [true, true, false, false, false]);
      assert.deepEqual(known(c.isIsolatedCircuitError), [false, true, false, false, false]);
      assert.deepEqual(known(c.isBulkheadRejectedError), [false, false, true, false, false]);
      assert.deepEqual(known(c.isTaskCancelledError), [false, false, false, true, false]);
      assert.deepEqual(known(c.isHydratingCircuitError), [false, false, false, false, true]);
      assert.ok(isolated instanceof c.BrokenCircuitError);
      assert.equal(cancelled.message, "text");
    },
  },
];
