// Hedging: when the next attempt starts, who wins, whose signal aborts, and what it may cost.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { breaker } from "../breaker/breaker.ts";
import { compose } from "../compose.ts";
import { events, type PolicyEvent } from "../events.ts";
import { retryBudget } from "../retry/budget.ts";
import { retry } from "../retry/retry.ts";
import type { RunContext } from "../strategy.ts";
import { type HedgeOptions, hedge } from "./hedge.ts";
import { timeout } from "./timeout.ts";

const bad = new Error("bad");

function hedged(options: HedgeOptions = { delayMs: 50 }) {
  const clock = simClock();
  const strategy = hedge({ ...options, clock });
  const api = compose({ name: "t", clock }, strategy);
  const { work, ends, signals } = pending();
  return { clock, strategy, api, work, ends, signals };
}

function pending() {
  const ends: PromiseWithResolvers<string>[] = [];
  const signals: AbortSignal[] = [];
  const work = ({ signal }: RunContext): Promise<string> => {
    const end = Promise.withResolvers<string>();
    signals.push(signal);
    ends.push(end);
    return end.promise;
  };
  return { work, ends, signals };
}

test("an answer before the delay is the only attempt, and leaves nothing behind", async () => {
  const { clock, api, work, ends, signals } = hedged();
  const caller = new AbortController();
  const run = api.run(work, { signal: caller.signal });
  await clock.advance(49);
  ends[0]?.resolve("first");
  assert.equal(await run, "first");
  await clock.advance(1_000);
  assert.equal(ends.length, 1);
  assert.equal(api.counters.hedges, 0);
  caller.abort();
  assert.equal(signals[0]?.aborted, false, "the body can be read");
  assert.equal(getEventListeners(caller.signal, "abort").length, 0);
  assert.equal(clock.pending, 0);
});

test("a slow first attempt gets company; the first success wins and only the loser aborts", async () => {
  for (const winner of [0, 1]) {
    const { clock, api, work, ends, signals } = hedged();
    const run = api.run(work);
    await clock.advance(49);
    assert.equal(ends.length, 1);
    await clock.advance(21);
    assert.equal(ends.length, 2);
    ends[winner]?.resolve(`${winner}`);
    assert.equal(await run, `${winner}`);
    const reason = signals[1 - winner]?.reason;
    assert.ok(reason instanceof HomeostatError && reason.code === "CANCELLED");
    assert.equal(signals[winner]?.aborted, false);
    ends[1 - winner]?.reject(bad);
    await clock.advance(1_000);
    assert.equal(ends.length, 2);
    assert.equal(api.counters.hedges, 1);
  }
});

test("each further hedge waits for another delay", async () => {
  const { clock, api, work, ends, signals } = hedged({ delayMs: 50, hedges: 3 });
  const run = api.run(work);
  const seen: number[] = [];
  for (let ms = 0; ms < 300; ms += 70) {
    await clock.advance(70);
    seen.push(ends.length);
  }
  assert.deepEqual(seen, [2, 3, 4, 4, 4]);
  ends[2]?.resolve("third");
  assert.equal(await run, "third");
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, true, false, true],
  );
});

test("a failure starts no hedge, and is not the result while another attempt runs", async () => {
  const { clock, api, work, ends } = hedged({ delayMs: 50, hedges: 2 });
  const failing = api.run(work);
  ends[0]?.reject(bad);
  await assert.rejects(failing, bad);
  await clock.advance(1_000);
  assert.equal(ends.length, 1);
  const saved = api.run(work);
  await clock.advance(70);
  ends[1]?.reject(bad);
  await clock.advance(0);
  ends[2]?.resolve("second");
  assert.equal(await saved, "second");
  const lost = api.run(work);
  await clock.advance(70);
  ends[4]?.reject(bad);
  await clock.advance(0);
  const last = new Error("last");
  ends[3]?.reject(last);
  await assert.rejects(lost, last);
});

test("when the caller aborts all attempts end with the reason, and none begins", async () => {
  const { clock, api, work, ends, signals } = hedged({ delayMs: 50, hedges: 3 });
  const caller = new AbortController();
  const run = api.run(work, { signal: caller.signal });
  await clock.advance(70);
  caller.abort("enough");
  await assert.rejects(run, (reason) => reason === "enough");
  assert.deepEqual(
    signals.map((signal) => signal.reason),
    ["enough", "enough"],
  );
  await clock.advance(1_000);
  assert.equal(ends.length, 2);
});

test("a hedge that falls due with the end of its call is not begun", async () => {
  const clock = simClock();
  const api = compose({ clock }, timeout({ ms: 50, clock }), hedge({ delayMs: 50, clock }));
  const { work, ends } = pending();
  const run = api.tryRun(work);
  await clock.advance(100);
  assert.equal((await run).ok, false);
  assert.equal(ends.length, 1);
});

test("a timeout further out ends all attempts, racing or cooperative", async () => {
  for (const mode of ["racing", "cooperative"] as const) {
    const clock = simClock();
    const limit = timeout({ ms: 100, mode, clock });
    const api = compose({ clock }, limit, hedge({ delayMs: 40, hedges: 5, clock }));
    const { work, ends, signals } = pending();
    const run = api.tryRun(work);
    await clock.advance(1_000);
    assert.ok(signals.every((signal) => signal.reason.name === "TimeoutError"));
    assert.equal(ends.length, 3);
    if (mode === "cooperative") for (const end of ends) end.reject(bad);
    const outcome = await run;
    assert.equal(!outcome.ok && outcome.rejected, "timeout");
  }
});

test("what loses does not count against the breaker further in", async () => {
  const clock = simClock();
  const circuit = breaker({ minimumCalls: 1, clock });
  const api = compose({ clock }, hedge({ delayMs: 50, clock }), circuit);
  const { work, ends } = pending();
  const run = api.run(work);
  await clock.advance(70);
  ends[1]?.resolve("second");
  await run;
  ends[0]?.reject(bad);
  await clock.advance(0);
  assert.deepEqual(circuit.recent, { total: 1, failed: 0, slow: 0 });
});

test("hedges are paid for out of a budget that can be shared; a spent one starts none", async () => {
  const clock = simClock();
  const budget = retryBudget({ clock, perSecond: 0, ratio: 0.5 });
  const { work, ends } = pending();
  const options = { delayMs: 50, budget, hedges: 3, clock };
  const api = compose({ clock }, hedge(options));
  const runs = [api.run(work), api.run(work), api.run(work)];
  assert.equal(budget.tokens(), 1.5);
  await clock.advance(1_000);
  assert.equal(ends.length, 4);
  assert.equal(api.counters.hedges, 1);
  assert.equal(api.counters.rejected.budget, 3);
  for (const end of ends) end.resolve("done");
  await Promise.all(runs);
});

test("a repeat, which the retry paid for, pays nothing in", async () => {
  const budget = retryBudget({ perSecond: 0, ratio: 0.5 });
  const again = retry({ retries: 1, backoff: 0, budget: false });
  const api = compose(again, hedge({ delayMs: 50, budget }));
  await api.tryRun(() => Promise.reject(bad));
  assert.equal(api.counters.retries, 1);
  assert.equal(budget.tokens(), 0.5);
});

test("`when` says which calls are hedged", async () => {
  const { clock, api, work, ends } = hedged({ delayMs: 50, when: ({ key }) => key === "get" });
  const runs = ["get", "post"].map((key) => api.run(work, { key }));
  await clock.advance(100);
  assert.equal(ends.length, 3);
  for (const end of ends) end.resolve("done");
  await Promise.all(runs);
});

test("a hedge runs in its caller's async context", async () => {
  const storage = new AsyncLocalStorage<number>();
  const { clock, api } = hedged();
  const seen: unknown[] = [];
  const work = async (): Promise<string> => {
    seen.push(storage.getStore());
    return seen.length < 3 ? new Promise<never>(() => {}) : "done";
  };
  const runs = [1, 2].map((id) => storage.run(id, () => api.run(work)));
  await storage.run(3, () => clock.advance(100));
  assert.deepEqual(seen, [1, 2, 1, 2]);
  await Promise.all(runs);
});

test("hedges are told", async () => {
  const { clock, api, work, ends } = hedged({ delayMs: 50, name: "twice" });
  const told: unknown[] = [];
  const listen = (event: unknown): void => {
    const { event: name, pipeline, strategy, key, delayMs, details } = event as PolicyEvent;
    told.push([name, pipeline, strategy, key, delayMs, details]);
  };
  events.subscribe(listen);
  const run = api.run(work, { key: "k" });
  await clock.advance(100);
  events.unsubscribe(listen);
  ends[0]?.resolve("done");
  await run;
  assert.deepEqual(told, [["hedge", "t", "twice", "k", 50, { hedge: 1 }]]);
});

test("options that cannot be are refused when it is made", () => {
  const wrong: readonly HedgeOptions[] = [
    { delayMs: 0 },
    { delayMs: Number.POSITIVE_INFINITY },
    { delayMs: 10, quantile: 0.9 },
    { quantile: 1 },
    { hedges: 0 },
    { hedges: 1.5 },
    { minimumCalls: 1_001 },
  ];
  for (const options of wrong) assert.throws(() => hedge(options), /hedge: /);
  // @ts-expect-error there is no such option
  assert.throws(() => hedge({ retries: 1 }), /no option "retries"/);
});
