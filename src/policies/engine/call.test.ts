// Drives calls through chains: order, repeats, signals, late results, errors in hooks.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { pipeline } from "../pipeline.ts";
import { Rejection } from "../rejection.ts";
import { retry } from "../retry/retry.ts";
import { fallback } from "../strategies/fallback.ts";
import { timeout } from "../strategies/timeout.ts";
import {
  type AroundStrategy,
  type HookStrategy,
  held,
  Replaced,
  type RunContext,
} from "../strategy.ts";

function spy(name: string, log: string[]): HookStrategy {
  return {
    name,
    enter: () => void log.push(`> ${name}`),
    exit: (call, _level, ok) => {
      log.push(`< ${name} ${ok}${call.unwinding ? " cut" : ""}`);
      return undefined;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): Promise<never> => new Promise(() => {});

test("hooks run inward and back outward, around a function's own", async () => {
  const log: string[] = [];
  const around: AroundStrategy = {
    name: "around",
    around: async (next) => {
      log.push("around");
      await next().catch(() => {});
      return next();
    },
  };
  const api = compose(spy("a", log), around, spy("b", log));
  let runs = 0;
  assert.equal(await api.run(() => (runs++ === 0 ? Promise.reject(new Error("x")) : 7)), 7);
  assert.deepEqual(log, ["> a", "around", "> b", "< b false", "> b", "< b true", "< a true"]);
  assert.equal(api.counters.calls, 1);
  assert.equal(api.counters.successes, 1);
});

test("a work that answers undefined, throws or answers at once is no special case", async () => {
  const api = pipeline({ name: "t", retry: { retries: 1, backoff: 0 }, breaker: {}, timeout: 100 });
  assert.equal(await api.run(() => undefined), undefined);
  const error = new Error("thrown");
  await assert.rejects(
    api.run(() => {
      throw error;
    }),
    (thrown) => thrown === error,
  );
  assert.deepEqual(await api.tryRun(() => 1), { ok: true, value: 1 });
});

test("ten thousand repeats of work that answers at once need no deep stack", async () => {
  const api = compose(retry({ retries: 10_000, backoff: 0, budget: false }));
  let runs = 0;
  const run = api.run(() => {
    if (++runs <= 10_000) throw new Error("again");
    return runs;
  });
  assert.equal(await run, 10_001);
});

test("a late result is dropped, its rejection swallowed, its signal stays its own", async () => {
  const clock = simClock();
  const api = compose(
    { clock },
    retry({ retries: 1, backoff: 0, clock }),
    timeout({ ms: 50, clock }),
  );
  const signals: AbortSignal[] = [];
  let fail = (_: Error): void => {};
  const run = api.run(({ signal, attempt }) => {
    signals.push(signal);
    if (attempt === 1) return "second";
    return new Promise<string>((_, reject) => {
      fail = reject;
    });
  });
  await clock.advance(100);
  assert.equal(await run, "second");
  fail(new Error("late"));
  await turn();
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, false],
  );
  assert.equal(api.counters.late, 1);
});

test("a signal read after the attempt was ended is aborted with the same error", async () => {
  const clock = simClock();
  const api = pipeline({ name: "t", clock, timeout: 50 });
  let read = (): AbortSignal => AbortSignal.abort();
  const outcome = api.tryRun((context) => {
    read = () => context.signal;
    return never();
  });
  await clock.advance(70);
  const result = await outcome;
  assert.ok(!result.ok);
  assert.equal(read().reason, result.error);
});

test("the caller's signal: passed through, one listener for all, none left behind", async () => {
  const caller = new AbortController();
  const { signal } = caller;
  const plain = compose(retry({ retries: 0 }));
  assert.equal(await plain.run((context) => context.signal, { signal }), signal);
  const api = pipeline({ name: "t", timeout: 10_000 });
  const ends: (() => void)[] = [];
  const runs = Array.from({ length: 100 }, () =>
    api.run(() => new Promise<void>((resolve) => ends.push(resolve)), { signal }),
  );
  assert.equal(getEventListeners(signal, "abort").length, 1);
  for (const end of ends) end();
  await Promise.all(runs);
  await turn();
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("an aborted caller's work is not begun", async () => {
  let runs = 0;
  const reason = new Error("mine");
  const api = pipeline({ name: "t", timeout: 10, fallback: () => "no" });
  const run = api.run(() => runs++, { signal: AbortSignal.abort(reason) });
  await assert.rejects(run, (error) => error === reason);
  assert.equal(runs, 0);
  assert.equal(api.counters.cancelled, 1);
});

test("a hook that throws fails the call and leaves the others in order", async () => {
  const log: string[] = [];
  const error = new Error("hook");
  const broken: HookStrategy = {
    name: "broken",
    enter: () => {
      throw error;
    },
    exit: () => undefined,
  };
  const api = compose(spy("a", log), broken, spy("b", log));
  await assert.rejects(
    api.run(() => 1),
    (thrown) => thrown === error,
  );
  assert.deepEqual(log, ["> a", "< a false"]);
});

test("a held call waits, resumes in its caller's async context, and leaves when cut", async () => {
  const storage = new AsyncLocalStorage<string>();
  const log: string[] = [];
  let resume = (): void => {};
  const gate: HookStrategy = {
    name: "gate",
    enter: (call, level) => {
      resume = () => call.resume(level);
      return held;
    },
    exit: (call) => {
      log.push(call.unwinding ? "cut" : "left");
      return undefined;
    },
  };
  const clock = simClock();
  const api = compose({ clock }, timeout({ ms: 50, clock }), gate);
  const run = storage.run("mine", () => api.run(() => storage.getStore()));
  resume();
  assert.equal(await run, "mine");
  const cut = api.tryRun(() => 1);
  await clock.advance(70);
  assert.equal((await cut).ok, false);
  assert.deepEqual(log, ["left", "cut"]);
});

test("a cooperative timeout waits for the work and keeps a value it gives", async () => {
  const clock = simClock();
  const api = compose(
    { name: "c", clock },
    timeout({ ms: 50, mode: "cooperative", clock }),
    retry({ retries: 3, backoff: 0, clock }),
  );
  let runs = 0;
  const obeys = api.tryRun(({ signal }) => {
    runs += 1;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
  });
  await clock.advance(100);
  const outcome = await obeys;
  assert.equal(!outcome.ok && outcome.rejected, "timeout");
  assert.equal(runs, 1);
  const keeps = api.run(() => clock.sleep(80).then(() => "kept"));
  await clock.advance(100);
  assert.equal(await keeps, "kept");
});

test("enter can give the result, or refuse with an error that is built when looked at", async () => {
  let built = 0;
  const cached: HookStrategy = {
    name: "cached",
    enter: () => new Replaced(true, "hit"),
    exit: () => undefined,
  };
  assert.equal(await compose(cached).run(() => "miss"), "hit");
  const full: HookStrategy = {
    name: "full",
    enter: (call) =>
      new Rejection("bulkhead", call.pipeline, () => {
        built += 1;
        return new Error("full");
      }),
    exit: () => undefined,
  };
  const api = compose(full);
  const outcome = await api.tryRun(() => 1);
  assert.equal(built, 0);
  assert.ok(!outcome.ok && outcome.rejected === "bulkhead");
  assert.equal(outcome.error, outcome.error);
  assert.equal(built, 1);
  assert.equal(api.counters.rejected.bulkhead, 1);
});

test("wrap keeps arguments and this; a fallback sees the error", async () => {
  const error = new Error("x");
  const seen: unknown[] = [];
  const api = compose(
    fallback(async (cause) => {
      seen.push(cause);
      return null;
    }),
  );
  const owner = {
    base: 10,
    add: api.wrap(function (this: { base: number }, n: number, ...rest: number[]) {
      assert.equal(rest.length, 0);
      if (n < 0) throw error;
      return this.base + n;
    }),
  };
  const sum: number | null = await owner.add(5);
  assert.equal(sum, 15);
  assert.equal(await owner.add(-1), null);
  assert.deepEqual(seen, [error]);
  const withContext = api.wrapWithContext((n: number, { attempt }: RunContext) => n + attempt);
  assert.equal(await withContext(3), 3);
});

test("a cooperative timeout ends a call that a strategy further in holds", async () => {
  const clock = simClock();
  const holds: HookStrategy = { name: "holds", enter: () => held, exit: () => undefined };
  const api = compose({ clock }, timeout({ ms: 50, mode: "cooperative", clock }), holds);
  const call = api.tryRun(() => 1);
  await clock.advance(100);
  const outcome = await call;
  assert.equal(!outcome.ok && outcome.rejected, "timeout");
});
