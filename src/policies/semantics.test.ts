// The questions on which resilience libraries differ, each with the answer we chose as a test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { seeded } from "../testing/seeded.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { breaker } from "./breaker/breaker.ts";
import type { BreakerOptions } from "./breaker/breaker-options.ts";
import { compose } from "./compose.ts";
import { pipeline } from "./pipeline.ts";
import { retry } from "./retry/retry.ts";
import { timeout } from "./strategies/timeout.ts";

const bad = new Error("bad");
const fails = async (): Promise<never> => {
  throw bad;
};
const works = async (): Promise<string> => "ok";

/** A call whose end the test decides. */
function pending(): { work: () => Promise<string>; end: (v: string) => void; fail: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { work: () => promise, end: resolve, fail: () => reject(bad) };
}

function guarded(clock: SimClock, more: BreakerOptions = {}) {
  const options = { minimumCalls: 2, openMs: 1_000, probes: 1, ...more };
  return pipeline({ name: "t", clock, breaker: options });
}

async function opened(clock: SimClock, more: BreakerOptions = {}) {
  const api = guarded(clock, more);
  for (let i = 0; i < 2; i++) await api.tryRun(fails);
  assert.equal(api.breaker.state, "open");
  return api;
}

test("callers during the probe are rejected, not queued", async () => {
  const clock = simClock();
  const api = await opened(clock);
  await clock.advance(1_000);
  const probe = pending();
  const first = api.run(probe.work);
  const others = await Promise.all(Array.from({ length: 1_000 }, () => api.tryRun(works)));
  assert.ok(others.every((outcome) => !outcome.ok && outcome.rejected === "open"));
  probe.end("well");
  assert.equal(await first, "well");
  assert.equal(api.breaker.state, "closed");
});

test("N probes close it, and opens again as soon as the share of bad ones is reached", async () => {
  const clock = simClock();
  const api = await opened(clock, { probes: 3, probeFailureRate: 0.5 });
  await clock.advance(1_000);
  await api.run(works);
  await api.tryRun(fails);
  assert.equal(api.breaker.state, "half-open");
  await api.run(works);
  assert.equal(api.breaker.state, "closed");
  const again = await opened(clock, { probes: 3, probeFailureRate: 0.5 });
  await clock.advance(1_000);
  await again.tryRun(fails);
  await again.tryRun(fails);
  assert.equal(again.breaker.state, "open");
});

test("a late result of an earlier state moves nothing, and is counted in the metrics", async () => {
  const clock = simClock();
  const api = guarded(clock);
  const failing = pending();
  const succeeding = pending();
  const early = [api.tryRun(failing.work), api.tryRun(succeeding.work)];
  for (let i = 0; i < 2; i++) await api.tryRun(fails);
  await clock.advance(1_000);
  const probe = pending();
  const probing = api.run(probe.work);
  failing.fail();
  succeeding.end("late");
  await Promise.all(early);
  assert.equal(api.breaker.state, "half-open");
  assert.equal(api.counters.failures, 3);
  assert.equal(api.counters.successes, 1);
  probe.end("ok");
  await probing;
  assert.equal(api.breaker.state, "closed");
});

test("a hung probe gives its place away after the open time", async () => {
  const clock = simClock();
  const api = await opened(clock);
  await clock.advance(1_000);
  const hung = pending();
  void api.tryRun(hung.work);
  await clock.advance(999);
  assert.equal((await api.tryRun(works)).ok, false);
  await clock.advance(1);
  assert.equal(await api.run(works), "ok");
  assert.equal(api.breaker.state, "closed");
  hung.fail();
  await clock.advance(0);
  assert.equal(api.breaker.recent.failed, 0);
});

test("a rate that equals the threshold opens", async () => {
  const clock = simClock();
  const api = guarded(clock, { minimumCalls: 4, failureRate: 0.5 });
  for (const work of [works, works, fails]) await api.tryRun(work);
  assert.equal(api.breaker.state, "closed");
  await api.tryRun(fails);
  assert.equal(api.breaker.state, "open");
});

test("rejected calls are not in the denominator", async () => {
  const clock = simClock();
  const api = guarded(clock, { minimumCalls: 2, window: { kind: "count", calls: 10 } });
  api.breaker.isolate();
  for (let i = 0; i < 10; i++) await api.tryRun(works);
  assert.deepEqual(api.breaker.recent, { total: 0, failed: 0, slow: 0 });
});

test("a timeout inside counts as a failure, the caller's abort does not", async () => {
  const clock = simClock();
  const inside = compose(
    { name: "t", clock },
    breaker({ clock, minimumCalls: 1, openMs: 1_000 }),
    timeout({ ms: 50, clock }),
  );
  const caller = new AbortController();
  const cut = inside.tryRun(() => new Promise(() => {}), { signal: caller.signal });
  caller.abort(bad);
  const outcome = await cut;
  assert.equal(!outcome.ok && outcome.error, bad);
  assert.equal((await inside.tryRun(works)).ok, true);
  const slow = inside.tryRun(() => new Promise(() => {}));
  await clock.advance(100);
  assert.equal((await slow).ok, false);
  const next = await inside.tryRun(works);
  assert.equal(!next.ok && next.rejected, "open");
});

test("a total timeout counts for a first attempt, which had all of it, and for no repeat", async () => {
  const clock = simClock();
  const api = pipeline({
    name: "t",
    clock,
    timeout: 100,
    retry: { retries: 1, backoff: 0 },
    breaker: { minimumCalls: 1, window: { kind: "count", calls: 4 }, failureRate: 1 },
  });
  const hung = api.tryRun(() => new Promise(() => {}));
  await clock.advance(200);
  assert.equal((await hung).ok, false);
  assert.equal(api.breaker.state, "open");
  api.breaker.reset();
  await api.run(works);
  const cut = api.tryRun(({ attempt }) => (attempt === 0 ? fails() : new Promise(() => {})));
  await clock.advance(200);
  await cut;
  assert.deepEqual(api.breaker.recent, { total: 2, failed: 1, slow: 0 });
});

test("an error that is not handled gives the probe's place back and counts neither way", async () => {
  const clock = simClock();
  const other = new Error("other");
  const api = await opened(clock, { when: (error) => error !== other });
  await clock.advance(1_000);
  await api.tryRun(() => Promise.reject(other));
  assert.equal(api.breaker.state, "half-open");
  await api.run(works);
  assert.equal(api.breaker.state, "closed");
});

test("retry stands outside the breaker and stops at once when it is open", async () => {
  const clock = simClock();
  const api = pipeline({
    name: "t",
    clock,
    random: seeded(1),
    retry: { retries: 5, backoff: 0, budget: false },
    breaker: { minimumCalls: 2 },
  });
  let runs = 0;
  const outcome = await api.tryRun(() => {
    runs += 1;
    return fails();
  });
  assert.equal(runs, 2);
  assert.equal(!outcome.ok && outcome.rejected, "open");
});

test("retries counts the repeats, not the tries", async () => {
  let runs = 0;
  const api = compose(retry({ retries: 3, backoff: 0, budget: false }));
  await api.tryRun(() => {
    runs += 1;
    return fails();
  });
  assert.equal(runs, 4);
});

test("the last bad result is returned, or thrown when asked for", async () => {
  const common = { retries: 1, backoff: 0, whenResult: (n: number) => n > 400 } as const;
  assert.equal(await compose(retry(common)).run(() => 503), 503);
  const throwing = compose(retry({ ...common, throwResult: (n: number) => new Error(`${n}`) }));
  await assert.rejects(
    throwing.run(() => 503),
    /503/,
  );
});

test("one failure with all defaults opens nothing", async () => {
  const api = pipeline({ name: "t", breaker: true });
  await api.tryRun(fails);
  assert.equal(api.breaker.state, "closed");
});

test("a caller's reason is passed on untouched, ours has the platform's name", async () => {
  const clock = simClock();
  const api = pipeline({ name: "t", clock, timeout: 50 });
  const reason = { mine: true };
  const caller = new AbortController();
  const cut = api.run(() => new Promise(() => {}), { signal: caller.signal });
  caller.abort(reason);
  await assert.rejects(cut, (error) => error === reason);
  let seen: AbortSignal | undefined;
  const timed = api.run(({ signal }) => {
    seen = signal;
    return new Promise(() => {});
  });
  timed.catch(() => {});
  await clock.advance(70);
  await assert.rejects(timed, (error) => {
    assert.ok(error instanceof HomeostatError && error.family === "TimedOut");
    assert.equal(error.name, "TimeoutError");
    return seen?.reason === error;
  });
});

test("told to wait, a retry comes back when the open breaker lets it try", async () => {
  const clock = simClock();
  const api = pipeline({
    name: "t",
    clock,
    retry: { retries: 2, backoff: 0, whenOpen: "wait" },
    breaker: { minimumCalls: 1, openMs: 3_000, probes: 1 },
  });
  const runs: number[] = [];
  const call = api.run(() => {
    runs.push(clock.now());
    if (runs.length < 2) throw bad;
    return "well";
  });
  await clock.advance(10_000);
  assert.equal(await call, "well");
  assert.deepEqual(runs, [0, 3_000]);
});

test("probes that are slower than the open time close the breaker all the same", async () => {
  const clock = simClock();
  const api = pipeline({
    name: "t",
    clock,
    breaker: { minimumCalls: 1, openMs: 1_000, probes: 1 },
  });
  await api.tryRun(() => Promise.reject(bad));
  for (let i = 0; i < 1_000; i++) {
    void api.tryRun(() => clock.sleep(1_500));
    await clock.advance(5);
  }
  assert.equal(api.breaker.state, "closed");
});

test("a repeat or a hedge that a total timeout cuts is not held against the target", async () => {
  const clock = simClock();
  const hang = (): Promise<never> => new Promise(() => {});
  const api = pipeline({
    name: "t",
    clock,
    timeout: 100,
    hedge: { delayMs: 40, budget: false },
    breaker: {},
  });
  const call = api.tryRun(hang);
  await clock.advance(500);
  await call;
  assert.equal(api.counters.hedges, 1);
  assert.deepEqual(api.breaker.recent, { total: 1, failed: 1, slow: 0 });
});

test("a cooperative timeout tells what the work said in the end as its cause", async () => {
  const clock = simClock();
  const api = compose({ clock }, timeout({ ms: 50, mode: "cooperative", clock }));
  const last = new Error("could not roll back");
  const call = api.tryRun(({ signal }) => {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(last)));
  });
  await clock.advance(200);
  const outcome = await call;
  assert.ok(!outcome.ok && outcome.error instanceof Error);
  assert.equal(outcome.error.cause, last);
});

test("options that switch nothing on are errors, or switch off", async () => {
  assert.equal(pipeline({ name: "t", breaker: false } as never).strategies.length, 0);
  for (const wrong of [{ breaker: null }, { breaker: 5 }, { retry: "2" }, { outlier: 3 }]) {
    assert.throws(() => pipeline({ name: "t", ...wrong } as never), /must be|there is no option/);
  }
  assert.throws(() => pipeline({} as never), /it needs a name/);
  for (const window of [{ kind: "time" }, { kind: "count", calls: 1e12 }, { kind: "tim" }, null]) {
    assert.throws(() => pipeline({ name: "t", breaker: { window } } as never), /breaker: window/);
  }
});
