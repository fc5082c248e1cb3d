// Places, waiting and samples of the adaptive limit in a pipeline; the limits themselves are tested apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { HomeostatError } from "../../kernel/errors.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { events, type PolicyEvent } from "../events.ts";
import { retry } from "../retry/retry.ts";
import { timeout } from "../strategies/timeout.ts";
import { concurrencyLimit } from "./concurrency.ts";
import type { LimitAlgorithmFactory, LimitBounds } from "./limits.ts";
import type { Sample } from "./sample.ts";

/** A call whose end the test decides. */
function pending(): { work: () => Promise<string>; end: () => void; fail: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { work: () => promise, end: () => resolve("done"), fail: reject };
}

/** Keeps the limit where it is, and the samples for the test to see. */
function recorder(): { samples: Sample[]; algorithm: LimitAlgorithmFactory } {
  const samples: Sample[] = [];
  const algorithm = ({ initial }: LimitBounds) => ({
    limit: initial,
    update: (sample: Sample) => {
      samples.push(sample);
      return initial;
    },
  });
  return { samples, algorithm };
}

const takes = (clock: SimClock, ms: number) => (): Promise<void> => clock.sleep(ms);

test("what is above the limit is refused with a reason and no false hope", async () => {
  const limit = concurrencyLimit({ initial: 2 });
  const api = compose({ name: "users" }, limit);
  const calls = [pending(), pending()];
  const runs = calls.map(({ work }) => api.run(work));
  const refused = await api.tryRun(() => 1);
  assert.ok(!refused.ok && refused.rejected === "concurrency");
  const { error } = refused;
  assert.ok(error instanceof HomeostatError && error.code === "CONCURRENCY_LIMITED");
  assert.equal(error.message, "users: the limit of 2 concurrent calls is reached");
  assert.deepEqual(error.details, {
    reason: "concurrency",
    pipeline: "users",
    strategy: "concurrency",
  });
  assert.deepEqual(
    { running: limit.running, rejected: api.counters.rejected.concurrency },
    { running: 2, rejected: 1 },
  );
  calls[0]?.end();
  await runs[0];
  assert.equal(limit.running, 1);
  assert.equal(await api.run(() => 1), 1);
});

test("work that a racing timeout left running keeps its place until it ends", async () => {
  const clock = simClock();
  const limit = concurrencyLimit({ initial: 1, clock });
  const api = compose({ clock }, limit, timeout({ ms: 50, clock }));
  const slow = pending();
  const outcome = api.tryRun(slow.work);
  await clock.advance(100);
  assert.equal((await outcome).ok, false);
  assert.equal(limit.running, 1);
  assert.equal((await api.tryRun(() => 1)).ok, false);
  slow.end();
  await clock.advance(0);
  assert.equal(limit.running, 0);
  assert.equal(await api.run(() => 1), 1);
});

test("each repeat takes a place of its own beside what an earlier attempt left running", async () => {
  const clock = simClock();
  const limit = concurrencyLimit({ initial: 5, clock });
  const again = retry({ retries: 2, backoff: 0, clock });
  const api = compose({ clock }, again, limit, timeout({ ms: 50, clock }));
  const attempts: ReturnType<typeof pending>[] = [];
  const outcome = api.tryRun(() => {
    const one = pending();
    attempts.push(one);
    return one.work();
  });
  await clock.advance(120);
  assert.equal(limit.running, 3);
  attempts[0]?.end();
  await clock.advance(0);
  assert.equal(limit.running, 2);
  attempts[2]?.end();
  assert.equal((await outcome).ok, true);
  assert.equal(limit.running, 1);
  attempts[1]?.fail(new Error("late"));
  await clock.advance(0);
  assert.equal(limit.running, 0);
});

test("calls wait in the order they came, for as long as they may and no longer", async () => {
  const clock = simClock();
  const limit = concurrencyLimit({ initial: 1, queue: 3, waitMs: 200, clock });
  const api = compose({ name: "users", clock }, limit);
  const order: string[] = [];
  const first = pending();
  void api.run(first.work);
  const caller = new AbortController();
  const gone = api.tryRun(() => order.push("gone"), { signal: caller.signal });
  const second = pending();
  const waits = api.run(() => {
    order.push("second");
    return second.work();
  });
  const third = api.tryRun(() => order.push("third"));
  assert.equal(limit.queued, 3);
  const full = await api.tryRun(() => 1);
  assert.ok(!full.ok && full.rejected === "concurrency");
  caller.abort("gone");
  assert.equal((await gone).ok, false);
  assert.equal(limit.queued, 2);
  await clock.advance(150);
  first.end();
  await clock.advance(0);
  assert.deepEqual(order, ["second"]);
  await clock.advance(70);
  const late = await third;
  assert.ok(!late.ok && late.rejected === "concurrency");
  const said = "users: no place within 200 ms, the limit is 1 concurrent calls";
  assert.equal(late.error instanceof Error && late.error.message, said);
  assert.equal(api.counters.rejected.concurrency, 2);
  second.end();
  await waits;
  assert.deepEqual({ running: limit.running, queued: limit.queued }, { running: 0, queued: 0 });
  await clock.advance(50);
  assert.equal(clock.pending, 0);
});

test("thousands that wait for work that ends at once are no deep stack", async () => {
  const clock = simClock();
  const limit = concurrencyLimit({ initial: 1, queue: 20_000, clock });
  const api = compose({ clock }, limit);
  const first = pending();
  void api.run(first.work);
  const all = Array.from({ length: 20_000 }, (_, i) => api.run(() => i));
  first.end();
  assert.equal((await Promise.all(all)).length, 20_000);
  assert.equal(limit.running, 0);
});

test("a sample is the mean over calls that began together, the slow ones waited for", async () => {
  const clock = simClock();
  const { samples, algorithm } = recorder();
  const api = compose({ clock }, concurrencyLimit({ initial: 20, algorithm, clock }));
  for (let i = 0; i < 25; i++) void api.tryRun(takes(clock, i % 4 === 0 ? 400 : 100));
  await clock.advance(399);
  assert.equal(samples.length, 0);
  await clock.advance(1);
  // Twice as many are gathered as run at once at the most, but the limit lets no more than 20 begin.
  assert.equal(samples.length, 0);
  for (let i = 0; i < 20; i++) void api.tryRun(takes(clock, 100));
  await clock.advance(100);
  assert.equal(samples.length, 1);
  const [one] = samples;
  assert.deepEqual(
    { inFlight: one?.inFlight, dropped: one?.dropped, held: one?.held },
    { inFlight: 20, dropped: 0, held: 5 / 45 },
  );
  const all = 5 * 400 + 35 * 100;
  assert.ok(Math.abs((one?.rttMs ?? 0) - all / 40) < 12, `${one?.rttMs} ms`);
});

test("calls that hang do not stop the learning", async () => {
  const clock = simClock();
  const { samples, algorithm } = recorder();
  const api = compose({ clock }, concurrencyLimit({ initial: 20, algorithm, clock }));
  for (let i = 0; i < 10; i++) void api.tryRun(() => new Promise(() => {}));
  for (let i = 0; i < 200; i++) {
    const run = api.run(takes(clock, 10));
    await clock.advance(10);
    await run;
  }
  assert.ok(samples.length >= 1);
  assert.ok(samples.every(({ rttMs }) => rttMs === 10));
});

test("what says nothing of the target is no sample", async () => {
  const clock = simClock();
  const { samples, algorithm } = recorder();
  const limit = concurrencyLimit({ initial: 100, algorithm, clock });
  const inner = concurrencyLimit({ initial: 1, clock, name: "inner" });
  const api = compose({ clock }, limit, inner);
  const hold = pending();
  void api.run(hold.work);
  for (let i = 0; i < 100; i++) await api.tryRun(() => 1);
  assert.equal(api.counters.rejected.concurrency, 100);
  const plain = compose({ clock }, limit);
  const caller = new AbortController();
  const cut = Array.from({ length: 50 }, () =>
    plain.tryRun(takes(clock, 1_000), { signal: caller.signal }),
  );
  caller.abort("enough");
  await Promise.all(cut);
  for (let i = 0; i < 50; i++) {
    await plain.tryRun(() => Promise.reject(new Error("no such user")));
  }
  assert.ok(samples.every(({ timed, dropped }) => timed === 0 && dropped === 0));
});

test("timeouts, refusals of the target and what the user names are drops", async () => {
  const clock = simClock();
  const unavailable = Object.assign(new Error("busy"), { status: 503 });
  const refuses = (): Promise<never> => Promise.reject(unavailable);
  const share = async (work: () => unknown, more = {}): Promise<number | undefined> => {
    const { samples, algorithm } = recorder();
    const limit = concurrencyLimit({ initial: 100, algorithm, clock, ...more });
    const api = compose({ clock }, limit, timeout({ ms: 50, clock }));
    for (let i = 0; i < 20; i++) {
      const run = api.tryRun(work);
      await clock.advance(80);
      await run;
    }
    return samples[0]?.dropped;
  };
  assert.equal(await share(() => 1), 0);
  assert.equal(await share(takes(clock, 200)), 1);
  assert.equal(await share(refuses), 1);
  assert.equal(await share(() => Promise.reject(new DOMException("slow", "TimeoutError"))), 1);
  assert.equal(await share(() => 503, { whenResult: (status: number) => status === 503 }), 1);
  assert.equal(await share(() => Promise.reject(new Error("x")), { when: () => true }), 1);
  // Not meant by the user, it is an answer as any other error, which tells nothing.
  assert.equal(await share(refuses, { when: () => false }), undefined);
});

test("a repeat is timed where the limit asks it anew, what was repeated further in is not", async () => {
  const clock = simClock();
  const again = retry({ retries: 1, backoff: 0, budget: false, clock });
  const failsOnce = () => {
    let runs = 0;
    return async (): Promise<void> => {
      await clock.sleep(runs === 0 ? 10 : 70);
      if (runs++ === 0) throw new Error("once");
    };
  };
  const times = async (order: "outside" | "inside"): Promise<readonly Sample[]> => {
    const { samples, algorithm } = recorder();
    const limit = concurrencyLimit({ initial: 50, algorithm, clock });
    const api =
      order === "outside" ? compose({ clock }, again, limit) : compose({ clock }, limit, again);
    for (let i = 0; i < 20; i++) {
      const run = api.run(failsOnce());
      await clock.advance(80);
      await run;
    }
    return samples;
  };
  const [sample] = await times("outside");
  assert.equal(sample?.rttMs, 70);
  assert.deepEqual(await times("inside"), []);
});

test("the limit follows its algorithm within the bounds, and tells of a tenth or more", async () => {
  const clock = simClock();
  const answers = [20, 21, 22, 10, 4, Number.NaN, 900];
  const algorithm = ({ initial }: LimitBounds) => ({
    limit: initial,
    update: () => answers.shift() ?? 20,
  });
  const limit = concurrencyLimit({ initial: 20, min: 5, max: 30, algorithm, clock, name: "l" });
  const api = compose({ name: "users", clock }, limit);
  const seen: number[] = [];
  const told: unknown[] = [];
  const listen = (event: unknown): void => void told.push((event as PolicyEvent).details);
  events.subscribe(listen);
  try {
    for (let left = answers.length; left > 0; left--) {
      for (let i = 0; i < 16; i++) await api.run(() => 1);
      seen.push(limit.limit);
      await clock.advance(100);
    }
  } finally {
    events.unsubscribe(listen);
  }
  assert.deepEqual(seen, [20, 21, 22, 10, 5, 5, 30]);
  assert.deepEqual(told, [
    { limit: 22, was: 20 },
    { limit: 10, was: 22 },
    { limit: 5, was: 10 },
    { limit: 30, was: 5 },
  ]);
});

test("between two groups of timed calls there is time without any", async () => {
  const clock = simClock();
  const { samples, algorithm } = recorder();
  const api = compose({ clock }, concurrencyLimit({ algorithm, clock }));
  for (let i = 0; i < 1_000; i++) {
    await api.run(() => 1);
    if (i % 100 === 99) await clock.advance(10);
  }
  // In the 100 ms that all this took there was room for one group.
  assert.equal(samples.length, 1);
});

test("reloaded it keeps its limit, its calls and what it has learnt, within the new bounds", async () => {
  const clock = simClock();
  const limit = concurrencyLimit({ initial: 40, clock });
  const api = compose({ clock }, limit);
  const running = [pending(), pending()];
  for (const { work } of running) void api.run(work);
  assert.equal(limit.reload?.(concurrencyLimit({ algorithm: "vegas", clock })), true);
  assert.deepEqual(limit.figures?.(), { limit_calls: 40, running_calls: 2, queued_calls: 0 });
  assert.equal(limit.reload?.(concurrencyLimit({ max: 2, queue: 1, clock })), true);
  assert.equal(limit.limit, 2);
  const waits = api.run(() => "waited");
  assert.equal(limit.queued, 1);
  limit.reload?.(concurrencyLimit({ min: 3, clock }));
  assert.equal(await waits, "waited");
  assert.equal(limit.reload?.(timeout(100)), false);
  for (const { end } of running) end();
  await clock.advance(0);
  assert.equal(limit.running, 0);
});

test("options that cannot be are refused when it is made", () => {
  const wrong = [
    { min: 0 },
    { max: 0 },
    { min: 5, max: 4 },
    { initial: 5, min: 10 },
    { initial: 1.5 },
    { queue: -1 },
    { queue: 1, waitMs: 0 },
    { waitMs: 100 },
  ];
  for (const options of wrong) {
    assert.throws(() => concurrencyLimit(options), { code: "OPTION_INVALID" }, inspect(options));
  }
  const algorithm = "fastest" as "aimd";
  assert.throws(() => concurrencyLimit(algorithm), /algorithm must be one of .*, got "fastest"/);
  assert.equal(concurrencyLimit({ max: 10 }).limit, 10);
  assert.equal(concurrencyLimit({ min: 30 }).limit, 30);
});
