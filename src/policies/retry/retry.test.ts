// Repeats, their delays, and the budget that holds them, in time that the test moves.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retryAfterOf } from "../../kernel/retry-after.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { backoff, type Jitter } from "./backoff.ts";
import { retryBudget } from "./budget.ts";
import { type RetryOptions, retry } from "./retry.ts";

const bad = new Error("bad");
const jitters: readonly Jitter[] = ["none", "full", "equal", "decorrelated", "polly-v2"];
const kinds = ["constant", "linear", "exponential"] as const;

test("every back-off is finite and within its cap, at attempt 10,000 too", () => {
  const whole = fc.record({
    kind: fc.constantFrom(...kinds),
    jitter: fc.constantFrom(...jitters),
    baseMs: fc.nat(5_000),
    maxMs: fc.nat(60_000),
    factor: fc.double({ min: 0, max: 10, noNaN: true }),
    seed: fc.nat(),
    n: fc.oneof(fc.nat(50), fc.constantFrom(1_023, 1_024, 10_000, 1e9)),
  });
  fc.assert(
    fc.property(whole, ({ seed, n, ...options }) => {
      const delayOf = backoff(options);
      const state = { last: 0 };
      for (const at of [0, 1, 2, n, n + 1, 10_000]) {
        const ms = delayOf(at, state, seeded(seed));
        assert.ok(ms >= 0 && ms <= Math.max(options.maxMs, 0), `${at}: ${ms}`);
      }
    }),
    { numRuns: 500 },
  );
});

test("jitters lie where their source says", () => {
  const random = seeded(7);
  const mean = (jitter: Jitter, n: number): number => {
    let sum = 0;
    for (let i = 0; i < 20_000; i++) {
      const state = { last: 0 };
      const delayOf = backoff({ baseMs: 100, maxMs: 1e9, jitter });
      let ms = 0;
      for (let k = 0; k <= n; k++) ms = delayOf(k, state, random);
      sum += ms;
    }
    return sum / 20_000;
  };
  const near = (value: number, goal: number): void =>
    assert.ok(Math.abs(value - goal) < goal * 0.03, `${value} is not near ${goal}`);
  near(mean("none", 3), 800);
  near(mean("full", 3), 400);
  near(mean("equal", 3), 600);
  // Each step's mean is (base + 3 × last) ÷ 2: 200, 350, 575.
  near(mean("decorrelated", 2), 575);
});

test("a call's delays follow the back-off", async () => {
  const clock = simClock();
  const times: number[] = [];
  const options: RetryOptions = { retries: 3, backoff: { jitter: "none", baseMs: 100 }, clock };
  const api = compose({ clock }, retry(options));
  const run = api.tryRun(() => {
    times.push(clock.now());
    throw bad;
  });
  await clock.advance(10_000);
  await run;
  assert.deepEqual(times, [0, 100, 300, 700]);
  assert.equal(api.counters.retries, 3);
  assert.equal(api.counters.exhausted, 1);
});

test("an abort during back-off settles at once and does not run the work again", async () => {
  const clock = simClock();
  let runs = 0;
  const api = compose({ clock }, retry({ backoff: { jitter: "none", baseMs: 400 }, clock }));
  const caller = new AbortController();
  const work = (): never => {
    runs += 1;
    throw bad;
  };
  const run = api.tryRun(work, { signal: caller.signal });
  await clock.advance(50);
  caller.abort("enough");
  const outcome = await run;
  assert.equal(!outcome.ok && outcome.error, "enough");
  assert.equal(clock.now(), 50);
  assert.equal(clock.pending, 0);
  await clock.advance(1_000);
  assert.equal(runs, 1);
});

test("Retry-After replaces a shorter delay, and one beyond the limit ends the repeats", async () => {
  const clock = simClock();
  const times: number[] = [];
  const ask = (seconds: number) => async (): Promise<Response> => {
    times.push(clock.now());
    return new Response("", { status: 503, headers: { "retry-after": `${seconds}` } });
  };
  const api = compose(
    { clock },
    retry<Response>({ retries: 1, clock, whenResult: (answer) => answer.status >= 500 }),
  );
  const run = api.run(ask(2));
  await clock.advance(5_000);
  assert.equal((await run).status, 503);
  assert.deepEqual(times, [0, 2_000]);
  await api.run(ask(3_600));
  assert.equal(times.length, 3);
});

test("Retry-After is read from fields, headers, responses and dates", () => {
  const clock = simClock();
  const date = new Date(clock.wall() + 5_000).toUTCString();
  const cases: readonly (readonly [unknown, number | undefined])[] = [
    [{ retryAfterMs: 10 }, 10],
    [{ details: { retryAfterMs: 20 } }, 20],
    [{ headers: { "retry-after": "3" } }, 3_000],
    [{ response: { headers: new Headers({ "retry-after": date }) } }, 5_000],
    [{ headers: { "retry-after": "soon" } }, undefined],
    [new Error("x"), undefined],
    ["text", undefined],
  ];
  for (const [value, ms] of cases) assert.equal(retryAfterOf(value, clock), ms);
});

test("predicates choose what is repeated", async () => {
  const runs: number[] = [];
  const api = compose(
    retry({
      retries: 5,
      backoff: 0,
      budget: false,
      when: (error, attempt) => error === bad && attempt < 2,
    }),
  );
  await api.tryRun(({ attempt }) => {
    runs.push(attempt);
    throw bad;
  });
  assert.deepEqual(runs, [0, 1, 2]);
});

test("with everything failing at 200 calls a second the budget holds attempts to 1.25 a call", async () => {
  const clock = simClock();
  const budget = retryBudget({ clock });
  const api = compose({ clock }, retry({ retries: 3, backoff: 0, budget, clock }));
  let attempts = 0;
  let calls = 0;
  for (let ms = 0; ms < 60_000; ms += 5) {
    calls += 1;
    await api.tryRun(() => {
      attempts += 1;
      throw bad;
    });
    if (ms % 50 === 45) await clock.advance(50);
  }
  assert.ok(attempts / calls <= 1.25, `${attempts / calls}`);
  assert.ok(attempts / calls > 1.24, "the budget gives what it promises");
});

test("the budget never gives out more than was paid in, and keys do not share", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("pay" as const), key: fc.constantFrom("a", "b", undefined) }),
    fc.record({ kind: fc.constant("take" as const), key: fc.constantFrom("a", "b", undefined) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3_000) }),
  );
  const run = fc.asyncProperty(fc.array(step, { minLength: 400, maxLength: 400 }), async (all) => {
    const clock = simClock();
    const budget = retryBudget({ clock, burst: 20 });
    const paid = new Map<string | undefined, { begun: number; paid: number; taken: number }>();
    for (const one of all) {
      if (one.kind === "wait") {
        await clock.advance(one.ms);
        continue;
      }
      const mine = paid.get(one.key) ?? { begun: clock.now(), paid: 0, taken: 0 };
      paid.set(one.key, mine);
      if (one.kind === "pay") {
        budget.deposit(one.key);
        mine.paid += 1;
      } else if (budget.withdraw(one.key)) mine.taken += 1;
      const most = mine.paid * 0.2 + 10 * Math.max(1, (clock.now() - mine.begun) / 1_000);
      assert.ok(mine.taken <= most + 1e-6);
      assert.ok(budget.tokens(one.key) <= 20);
    }
  });
  return fc.assert(run, { numRuns: 30, seed: 11 });
});
