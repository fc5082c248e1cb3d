// How many calls begin in how much time, who waits, who is refused, and that no permit comes too early.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import fc from "fast-check";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { compose, type Outcome } from "../compose.ts";
import { retry } from "../retry/retry.ts";
import { timeout } from "../strategies/timeout.ts";
import { rateLimiter } from "./rate-limiter.ts";
import type { RateLimiterOptions } from "./rate-limiter-options.ts";

const kinds = ["token-bucket", "sliding-window"] as const;

/** A limiter whose calls note when they began. */
function limited(options: RateLimiterOptions, clock = simClock()) {
  const begun: number[] = [];
  const limiter = rateLimiter({ clock, ...options });
  const api = compose({ name: "t", clock }, limiter);
  const call = (key?: string, signal?: AbortSignal): Promise<Outcome<number>> =>
    api.tryRun(() => begun.push(clock.now()), { key, signal });
  const calls = (n: number, key?: string) =>
    Promise.all(Array.from({ length: n }, () => call(key)));
  return { clock, begun, limiter, api, call, calls };
}

/** Milliseconds after which a refused call is told to come again. */
function retryAfter(outcome: Outcome<unknown> | undefined): number {
  assert.ok(outcome && !outcome.ok && outcome.rejected === "rate");
  assert.ok(outcome.error instanceof HomeostatError && outcome.error.code === "RATE_LIMITED");
  return (outcome.error.details as { retryAfterMs: number }).retryAfterMs;
}

/** The most calls in any interval of `ms`. */
function most(begun: readonly number[], ms: number): number {
  return Math.max(0, ...begun.map((at) => begun.filter((t) => t >= at && t < at + ms).length));
}

test("a token bucket lets its burst begin at once, then one call each interval ÷ limit", async () => {
  const { clock, calls, begun, limiter } = limited({ limit: 10, burst: 3 });
  const outcomes = await calls(5);
  assert.deepEqual(begun, [0, 0, 0]);
  assert.deepEqual(outcomes.slice(3).map(retryAfter), [100, 100]);
  await clock.advance(99);
  assert.equal(retryAfter((await calls(1))[0]), 1);
  await clock.advance(1);
  await calls(2);
  assert.deepEqual(begun, [0, 0, 0, 100]);
  await clock.advance(10_000);
  assert.equal(limiter.available(), 3);
  await calls(5);
  assert.equal(begun.length, 7);
});

test("a sliding window never lets more than its limit begin, wherever the interval begins", async () => {
  const { clock, calls, begun } = limited({ limit: 4, intervalMs: 100, kind: "sliding-window" });
  await calls(1);
  await clock.advance(90);
  // A counter for each fixed interval would let four begin now and four more in 10 ms.
  const outcomes = await calls(4);
  assert.equal(retryAfter(outcomes[3]), 10);
  await clock.advance(10);
  assert.equal(retryAfter((await calls(2))[1]), 90);
  await clock.advance(90);
  await calls(9);
  assert.deepEqual(begun, [0, 90, 90, 90, 100, 190, 190, 190]);
});

for (const kind of kinds) {
  test(`${kind}: who waits for as long as it was told to gets a permit, at odd rates and times too`, () => {
    // Sixty-fourths: sums of them are exact.
    const step = fc.nat(1_500).map((n) => n / 64);
    const steps = fc.array(step, { minLength: 20, maxLength: 60 });
    const whole = fc.tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 999 }),
      steps,
    );
    return fc.assert(
      fc.asyncProperty(whole, async ([limit, intervalMs, waits]) => {
        const { clock, begun, calls } = limited({ limit, intervalMs, kind });
        for (const waitMs of waits) {
          const [outcome] = await calls(1);
          if (outcome?.ok) {
            await clock.advance(waitMs);
            continue;
          }
          const ms = retryAfter(outcome);
          assert.ok(ms <= intervalMs + 11, `${ms}`);
          await clock.advance(ms);
          assert.ok((await calls(1))[0]?.ok);
        }
        if (kind === "sliding-window") assert.ok(most(begun, intervalMs) <= limit);
      }),
      { numRuns: 40, seed: 11 },
    );
  });

  test(`${kind}: a limit of hundreds lets exactly as many begin at once, and all again later`, async () => {
    const { clock, calls, begun, limiter } = limited({ limit: 500, kind });
    assert.equal((await calls(600)).filter(({ ok }) => ok).length, 500);
    assert.equal(limiter.available(), 0);
    // Up to a tick late, as the first half was put down at the next one.
    await clock.advance(1_010);
    assert.equal((await calls(600)).filter(({ ok }) => ok).length, 500);
    assert.equal(most(begun, 1_000), 500);
    await clock.advance(1_000);
    assert.equal(clock.pending, 0);
  });

  test(`${kind}: time that a stalled tick has not seen gives no permit away`, async () => {
    const sim = simClock();
    let stalled = 0;
    const clock: Clock & typeof sim = Object.create(sim, {
      now: { value: () => sim.now() + stalled },
    });
    const { begun, calls, limiter } = limited({ limit: 100, intervalMs: 500, kind }, clock);
    await calls(1);
    // The loop stands still for 400 ms: no timer fires, and then calls come in a row.
    stalled = 400;
    assert.equal(
      (await calls(150)).filter(({ ok }) => ok).length,
      100 - (kind === kinds[0] ? 0 : 1),
    );
    for (let i = 0; i < 30; i++) {
      await sim.advance(5);
      await calls(20);
    }
    const allowed = kind === "sliding-window" ? 100 : 100 + 151 / 5;
    assert.ok(most(begun.slice(1), 151) <= allowed, `${most(begun.slice(1), 151)}`);
    if (kind === "sliding-window") assert.ok(most(begun, 500) <= 100);
    assert.ok(limiter.available() >= 0);
  });
}

test("a timer that fires too soon lets nobody begin too soon", async () => {
  const sim = simClock();
  const hasty: Clock & typeof sim = Object.create(sim, {
    sleep: {
      value: (ms: number, signal?: AbortSignal) => sim.sleep(Math.max(1, ms * 0.9), signal),
    },
  });
  const { begun, calls } = limited({ limit: 1, intervalMs: 100, waitMs: 1_000 }, hasty);
  const all = calls(5);
  await sim.advance(1_000);
  await all;
  assert.deepEqual(begun, [0, 100, 200, 300, 400]);
});

test("calls wait in the order they came, with one timer, and those that cannot be in time do not", async () => {
  const { clock, begun, calls, limiter, api } = limited({ limit: 10, burst: 1, waitMs: 350 });
  const all = calls(6);
  await null;
  assert.equal(limiter.queued, 3);
  assert.equal(clock.pending, 1);
  assert.equal(limiter.available(), 0);
  await clock.advance(1_000);
  const outcomes = await all;
  assert.deepEqual(begun, [0, 100, 200, 300]);
  assert.deepEqual(outcomes.slice(4).map(retryAfter), [400, 400]);
  assert.equal(api.counters.rejected.rate, 2);
  assert.equal(clock.pending, 0);
});

test("no more wait than the queue takes", async () => {
  const { clock, calls, limiter } = limited({ limit: 1, waitMs: 60_000, queue: 2 });
  const all = calls(5);
  await null;
  assert.equal(limiter.queued, 2);
  await clock.advance(10_000);
  assert.deepEqual(
    (await all).map(({ ok }) => ok),
    [true, true, true, false, false],
  );
});

test("a call whose caller or timeout ends it leaves the queue, takes no permit, and others move up", async () => {
  const { clock, begun, limiter, call } = limited({ limit: 10, burst: 1, waitMs: 1_000 });
  const caller = new AbortController();
  const first = call();
  const aborted = call(undefined, caller.signal);
  const behind = call();
  const impatient = compose({ name: "u", clock }, timeout({ ms: 20, clock }), limiter);
  const cut = impatient.tryRun(() => assert.fail("it was cut"));
  await null;
  assert.equal(limiter.queued, 3);
  caller.abort("gone");
  const outcome = await aborted;
  assert.equal(!outcome.ok && outcome.error, "gone");
  await clock.advance(50);
  const late = await cut;
  assert.equal(!late.ok && late.rejected, "timeout");
  assert.equal(limiter.queued, 1);
  await clock.advance(50);
  await Promise.all([first, behind]);
  assert.deepEqual(begun, [0, 100]);
  const alone = call(undefined, (caller as { signal: AbortSignal }).signal);
  assert.equal((await alone).ok, false);
  assert.equal(clock.pending, 0);
});

test("who waited through a stall begins, and who can no longer be in time is told at once", async () => {
  const sim = simClock();
  let stalled = 0;
  const clock: Clock & typeof sim = Object.create(sim, {
    now: { value: () => sim.now() + stalled },
  });
  const options = { limit: 1, intervalMs: 100, waitMs: 250, kind: "sliding-window" } as const;
  const { begun, calls } = limited(options, clock);
  const all = calls(3);
  stalled = 200;
  await sim.advance(100);
  const outcomes = await all;
  assert.deepEqual(begun, [0, 300]);
  assert.equal(retryAfter(outcomes[2]), 100);
});

test("each key has its own permits, the one used longest ago is forgotten, calls without one share", async () => {
  const { calls, limiter } = limited({ limit: 1, perKey: true, maxKeys: 2 });
  const passes = async (key?: string) => (await calls(1, key))[0]?.ok;
  assert.deepEqual([await passes("a"), await passes("a")], [true, false]);
  assert.deepEqual([await passes("b"), await passes()], [true, true]);
  assert.deepEqual([await passes("a"), await passes("b"), await passes()], [false, false, false]);
  assert.deepEqual([limiter.available("a"), limiter.available("new")], [0, 1]);
  assert.equal(await passes("c"), true);
  assert.equal(limiter.figures?.().tracked_keys, 2);
  assert.deepEqual([await passes("b"), await passes("a")], [false, true]);
});

test("who waits at a key that is forgotten begins all the same", async () => {
  const options = { limit: 1, perKey: true, maxKeys: 1, waitMs: 2_000 };
  const { clock, begun, call, calls, limiter } = limited(options);
  const waiting = calls(2, "a");
  await call("b");
  await clock.advance(1_000);
  assert.ok((await waiting).every(({ ok }) => ok));
  assert.deepEqual(begun, [0, 0, 1_000]);
  assert.equal(limiter.queued, 0);
});

test("5,000 calls that wait and end at once do not nest", async () => {
  const { clock, begun, calls } = limited({
    limit: 5_000,
    kind: "sliding-window",
    waitMs: 5_000,
    queue: 5_000,
  });
  const all = calls(10_000);
  await clock.advance(1_010);
  assert.ok((await all).every(({ ok }) => ok));
  assert.equal(begun.length, 10_000);
});

test("a call that waited runs in the async context of its caller", async () => {
  const als = new AsyncLocalStorage<string>();
  const clock = simClock();
  const api = compose({ clock }, rateLimiter({ limit: 1, waitMs: 5_000, clock }));
  const runs = ["x", "y", "z"].map((who) => als.run(who, () => api.run(() => als.getStore())));
  await clock.advance(5_000);
  assert.deepEqual(await Promise.all(runs), ["x", "y", "z"]);
});

test("each repeat of a retry needs a permit of its own", async () => {
  const clock = simClock();
  const limiter = rateLimiter({ limit: 2, clock });
  const api = compose({ clock }, retry({ retries: 5, backoff: 0, budget: false, clock }), limiter);
  let runs = 0;
  const outcome = await api.tryRun(() => {
    runs += 1;
    throw new Error("x");
  });
  assert.equal(runs, 2);
  assert.equal(!outcome.ok && outcome.rejected, "rate");
});

test("a reload keeps what was taken and those who wait", async () => {
  const { clock, begun, calls, limiter } = limited({ limit: 10, waitMs: 10_000 });
  await calls(6);
  const reload = (options: RateLimiterOptions) => limiter.reload?.(rateLimiter(options));
  assert.equal(reload({ limit: 20, clock, waitMs: 10_000 }), true);
  assert.equal(limiter.available(), 14);
  assert.equal(reload({ limit: 1, clock, waitMs: 10_000 }), true);
  const waiting = calls(2);
  await clock.advance(100);
  assert.equal(limiter.queued, 2);
  assert.equal(reload({ limit: 100, burst: 1, clock, waitMs: 10_000 }), true);
  await clock.advance(40);
  await waiting;
  // Of the one permit that stayed taken, a tenth had come back by then.
  assert.deepEqual(begun.slice(6), [109, 119]);
  assert.equal(reload({ limit: 1, kind: "sliding-window", clock }), false);
  assert.equal(limiter.reload?.(timeout(5)), false);
});

test("a sliding window that is reloaded smaller remembers the newest, larger lets more begin", async () => {
  const { clock, calls, limiter } = limited({ limit: 12, kind: "sliding-window" });
  await calls(6);
  await clock.advance(500);
  await calls(4);
  const reload = (limit: number) =>
    limiter.reload?.(rateLimiter({ limit, kind: "sliding-window", clock }));
  reload(5);
  assert.equal(limiter.available(), 0);
  await clock.advance(500);
  assert.equal(limiter.available(), 1);
  reload(40);
  assert.equal(limiter.available(), 36);
  assert.equal((await calls(50)).filter(({ ok }) => ok).length, 36);
});

test("the error tells the rate and when to come again", async () => {
  const { calls, limiter } = limited({ limit: 1, intervalMs: 60_000 });
  const [, refused] = await calls(2);
  assert.ok(refused && !refused.ok && refused.error instanceof HomeostatError);
  assert.equal(refused.error.message, "t: more than 1 calls in 1 min, the next in 1 min");
  assert.deepEqual(refused.error.details, {
    reason: "rate",
    pipeline: "t",
    strategy: "rate-limiter",
    retryAfterMs: 60_000,
  });
  assert.deepEqual(limiter.figures?.(), { queued_calls: 0, available_permits: 0 });
});

test("options that cannot be are refused", () => {
  const cases: readonly (readonly [RateLimiterOptions | number, RegExp])[] = [
    [0, /rateLimiter: limit must be a whole number, 1 to 10000000, got 0/],
    [{ limit: 1.5 }, /limit must be/],
    [{} as never, /limit must be/],
    [{ limit: 1, interval: 5 } as never, /there is no option "interval"/],
    [{ limit: 1, intervalMs: 0 }, /intervalMs must be a whole number, 1 to .* got 0/],
    [{ limit: 1, burst: 0 }, /burst must be/],
    [{ limit: 1, burst: 2, kind: "sliding-window" }, /burst is for a token bucket/],
    [{ limit: 1, waitMs: -1 }, /waitMs must be a whole number, 0 to/],
    [{ limit: 1, waitMs: Number.POSITIVE_INFINITY }, /waitMs must be a whole number, 0 to/],
    [{ limit: 1, queue: 5 }, /nothing waits/],
    [{ limit: 1, maxKeys: Number.NaN }, /maxKeys must be/],
    [{ limit: 1, kind: "leaky" as never }, /kind must be one of .* got "leaky"/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => rateLimiter(options), { code: "OPTION_INVALID", message });
  }
});
