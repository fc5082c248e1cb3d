// How many calls run at once, who waits for a place and for how long, and who gives one back when.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { compose, type Outcome } from "../compose.ts";
import { retry } from "../retry/retry.ts";
import { fallback } from "../strategies/fallback.ts";
import { timeout } from "../strategies/timeout.ts";
import type { AroundStrategy, RunOptions, Strategy } from "../strategy.ts";
import { type BulkheadOptions, bulkhead } from "./bulkhead.ts";

/** A bulkhead between other strategies, with calls that run until the test ends them. */
function held(
  options: Omit<BulkheadOptions, "clock">,
  { outer = [], inner = [] }: { outer?: Strategy<unknown>[]; inner?: Strategy<unknown>[] } = {},
  clock = simClock(),
) {
  const hull = bulkhead({ clock, ...options });
  const api = compose({ name: "t", clock }, ...outer, hull, ...inner);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const call = (name: string, given?: RunOptions): Promise<Outcome<unknown>> =>
    api.tryRun(() => {
      begun.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      return promise;
    }, given);
  /** Ends the n-th run of work that began. */
  const end = async (n: number): Promise<void> => {
    ends[n]?.();
    for (let i = 0; i < 3; i++) await null;
  };
  const counts = () => [hull.running, hull.queued];
  return { clock, hull, api, begun, call, end, counts };
}

const isFull = (outcome: Outcome<unknown>): boolean =>
  !outcome.ok && outcome.rejected === "bulkhead";

test("as many run as may, the others are refused at once", async () => {
  const { call, counts, end, api } = held({ concurrent: 2 });
  const first = call("a");
  void call("b");
  const refused = await call("c");
  assert.ok(isFull(refused) && !refused.ok && refused.error instanceof HomeostatError);
  assert.equal(refused.error.code, "BULKHEAD_FULL");
  assert.equal(refused.error.message, "t: bulkhead is full with 2 calls running");
  assert.deepEqual(refused.error.details, {
    reason: "bulkhead",
    pipeline: "t",
    strategy: "bulkhead",
  });
  assert.deepEqual(counts(), [2, 0]);
  await end(0);
  assert.ok((await first).ok);
  assert.deepEqual(counts(), [1, 0]);
  assert.equal(api.counters.rejected.bulkhead, 1);
});

test("calls wait in the order they came, no more than the queue takes", async () => {
  const { call, counts, end, begun, clock } = held({ concurrent: 1, queue: 2 });
  for (const name of ["a", "b", "c"]) void call(name);
  assert.ok(isFull(await call("d")));
  assert.deepEqual(counts(), [1, 2]);
  await end(0);
  void call("e");
  await end(1);
  await end(2);
  assert.deepEqual(begun, ["a", "b", "c", "e"]);
  assert.deepEqual(counts(), [1, 0]);
  // What limited the waiting is gone with it.
  await clock.advance(20);
  assert.equal(clock.pending, 0);
});

test("a call waits no shorter than waitMs, up to two ticks longer, and is refused then", async () => {
  const { clock, call, counts, api } = held({ concurrent: 1, queue: 2, waitMs: 100 });
  void call("a");
  const waiting = call("b");
  let endedAt = 0;
  void waiting.then(() => {
    endedAt = clock.now();
  });
  await clock.advance(500);
  assert.ok(endedAt >= 100 && endedAt <= 120, `${endedAt}`);
  const outcome = await waiting;
  assert.ok(isFull(outcome) && !outcome.ok);
  assert.ok(outcome.error instanceof HomeostatError);
  assert.equal(outcome.error.message, "t: no place in the bulkhead within 100 ms");
  assert.deepEqual(outcome.error.details, {
    reason: "bulkhead",
    pipeline: "t",
    strategy: "bulkhead",
  });
  assert.deepEqual(counts(), [1, 0]);
  assert.equal(api.counters.rejected.bulkhead, 1);
  assert.equal(clock.pending, 0);
});

test("a waiting call waits 1 s if nothing else is said, for ever if it is", async () => {
  const usual = held({ concurrent: 1, queue: 1 });
  const endless = held({ concurrent: 1, queue: 1, waitMs: Number.POSITIVE_INFINITY });
  for (const { call } of [usual, endless]) {
    void call("a");
    void call("b");
  }
  await usual.clock.advance(990);
  assert.deepEqual(usual.counts(), [1, 1]);
  await usual.clock.advance(30);
  assert.deepEqual(usual.counts(), [1, 0]);
  assert.equal(endless.clock.pending, 0);
  await endless.clock.advance(1e9);
  assert.deepEqual(endless.counts(), [1, 1]);
});

test("a waiting call that its caller or an outer timeout ends leaves the queue", async () => {
  const clock = simClock();
  const outer = [timeout({ ms: 50, clock })];
  const { call, counts, end, begun } = held({ concurrent: 1, queue: 5 }, { outer }, clock);
  const caller = new AbortController();
  void call("a");
  await clock.advance(30);
  const aborted = call("b", { signal: caller.signal });
  const timed = call("c");
  caller.abort("gone");
  const outcome = await aborted;
  assert.equal(!outcome.ok && outcome.error, "gone");
  assert.deepEqual(counts(), [1, 1]);
  await clock.advance(80);
  const late = await timed;
  assert.equal(!late.ok && late.rejected, "timeout");
  assert.deepEqual(counts(), [1, 0]);
  await end(0);
  assert.deepEqual(counts(), [0, 0]);
  assert.deepEqual(begun, ["a"]);
});

test("what a racing timeout leaves running keeps its place until it ends", async () => {
  const clock = simClock();
  const outer = [timeout({ ms: 50, clock })];
  const { call, counts, end } = held({ concurrent: 1 }, { outer }, clock);
  const cut = call("a");
  await clock.advance(100);
  const outcome = await cut;
  assert.equal(!outcome.ok && outcome.rejected, "timeout");
  assert.deepEqual(counts(), [1, 0]);
  assert.ok(isFull(await call("b")));
  await end(0);
  assert.deepEqual(counts(), [0, 0]);
});

test("each repeat takes a place beside those that its earlier attempts keep", async () => {
  const clock = simClock();
  const outer = [retry({ retries: 2, backoff: 0, budget: false, clock })];
  const inner = [timeout({ ms: 50, clock })];
  const { call, counts, end, begun } = held(
    { concurrent: 2, queue: 1, waitMs: 1_000 },
    { outer, inner },
    clock,
  );
  const all = call("a");
  await clock.advance(70);
  assert.deepEqual([begun.length, ...counts()], [2, 2, 0]);
  await clock.advance(70);
  // The third attempt waits for a place that its own first two keep.
  assert.deepEqual([begun.length, ...counts()], [2, 2, 1]);
  await end(1);
  assert.deepEqual([begun.length, ...counts()], [3, 2, 0]);
  await end(2);
  assert.ok((await all).ok);
  assert.deepEqual(counts(), [1, 0]);
  await end(0);
  assert.deepEqual(counts(), [0, 0]);
});

test("retries further in share their call's place, which is kept until the last of them ends", async () => {
  const clock = simClock();
  const inner = [
    retry({ retries: 1, backoff: 0, budget: false, clock }),
    timeout({ ms: 50, clock }),
  ];
  const { call, counts, end, begun } = held({ concurrent: 1 }, { inner }, clock);
  const all = call("a");
  await clock.advance(200);
  assert.equal((await all).ok, false);
  assert.equal(begun.length, 2);
  await end(0);
  assert.deepEqual(counts(), [1, 0]);
  await end(1);
  assert.deepEqual(counts(), [0, 0]);
});

test("the losers of a race keep the call's place", async () => {
  const race: AroundStrategy = {
    name: "race",
    around: (next) => Promise.race([next(), next(), next()]),
  };
  const { call, counts, end, begun } = held({ concurrent: 1 }, { inner: [race] });
  const all = call("a");
  assert.equal(begun.length, 3);
  await end(1);
  assert.ok((await all).ok);
  assert.deepEqual(counts(), [1, 0]);
  await end(0);
  assert.deepEqual(counts(), [1, 0]);
  await end(2);
  assert.deepEqual(counts(), [0, 0]);
});

test("work that throws, rejects or is refused further in gives its place back", async () => {
  const { hull, clock } = held({ concurrent: 1 });
  const full = bulkhead(1);
  void compose(full).run(() => new Promise(() => {}));
  const api = compose({ clock }, hull);
  await api.tryRun(() => {
    throw new Error("x");
  });
  await api.tryRun(() => Promise.reject(new Error("x")));
  assert.ok(isFull(await compose({ clock }, hull, full).tryRun(() => 1)));
  assert.equal(hull.running, 0);
});

test("a lower priority goes first; a full queue takes it in the place of the last that matters less", async () => {
  const { call, end, begun, counts } = held({ concurrent: 1, queue: 3 });
  void call("a");
  const waiting = [
    call("late", { priority: 5 }),
    call("last", { priority: 9 }),
    call("usual"),
    call("first", { priority: 0 }),
    call("also usual"),
    call("too late", { priority: 1.4 }),
  ];
  assert.ok(
    (await Promise.all([waiting[1], waiting[0], waiting[5]])).every((one) => one && isFull(one)),
  );
  assert.deepEqual(counts(), [1, 3]);
  for (let i = 0; i < 4; i++) await end(i);
  assert.deepEqual(begun, ["a", "first", "usual", "also usual"]);
});

test("what hears of a refusal may call again at once, or abort the newcomer", async () => {
  const clock = simClock();
  const heard: (() => void)[] = [];
  const outer = [fallback(() => heard.shift()?.())];
  const { call, counts, end, begun, api, hull } = held(
    { concurrent: 1, queue: 1 },
    { outer },
    clock,
  );
  void call("a");
  void call("b", { priority: 3 });
  heard.push(() => void call("c", { priority: 3 }));
  // "b" makes way for "d", but "c" is quicker.
  void call("d", { priority: 1 });
  assert.deepEqual(counts(), [1, 1]);
  const caller = new AbortController();
  heard.push(() => caller.abort("gone"));
  const gone = await call("e", { priority: 0, signal: caller.signal });
  assert.equal(!gone.ok && gone.error, "gone");
  assert.deepEqual(counts(), [1, 0]);
  await end(0);
  assert.deepEqual(begun, ["a"]);
  assert.deepEqual(counts(), [0, 0]);
  assert.equal(await api.run(() => hull.running), 1);
});

test("5,000 calls that wait and end at once do not nest, and none is lost", async () => {
  const { call, end, hull, api } = held({ concurrent: 1, queue: 5_000 });
  void call("a");
  let runs = 0;
  const all = Array.from({ length: 5_000 }, () => api.tryRun(() => ++runs));
  await end(0);
  assert.ok((await Promise.all(all)).every(({ ok }) => ok));
  assert.equal(runs, 5_000);
  assert.deepEqual([hull.running, hull.queued], [0, 0]);
});

test("work that calls again while places become free stands behind those who wait", async () => {
  const { call, hull, clock, begun, api } = held({ concurrent: 1, queue: 5 });
  void call("a");
  void api.tryRun(() => call("again"));
  void call("b");
  hull.reload?.(bulkhead({ concurrent: 4, queue: 5, clock }));
  assert.deepEqual(begun, ["a", "b", "again"]);
});

test("a call that waited runs in the async context of its caller", async () => {
  const als = new AsyncLocalStorage<string>();
  const { call, end, api } = held({ concurrent: 1, queue: 2 });
  void call("a");
  const runs = ["x", "y"].map((who) => als.run(who, () => api.run(async () => als.getStore())));
  await end(0);
  assert.deepEqual(await Promise.all(runs), ["x", "y"]);
});

test("a reload keeps those who run and wait; more places take them in at once", async () => {
  const { call, end, begun, counts, hull, clock } = held({ concurrent: 1, queue: 5 });
  for (const name of ["a", "b", "c", "d"]) void call(name);
  assert.equal(hull.reload?.(bulkhead({ concurrent: 3, queue: 1, clock })), true);
  assert.deepEqual(begun, ["a", "b", "c"]);
  assert.ok(isFull(await call("e")));
  hull.reload?.(bulkhead({ concurrent: 1, clock }));
  await end(0);
  await end(1);
  assert.deepEqual(counts(), [1, 1]);
  await end(2);
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
  assert.deepEqual(hull.figures?.(), { running_calls: 1, queued_calls: 0 });
  assert.equal(hull.reload?.(timeout(5)), false);
});

test("options that cannot be are refused", () => {
  const cases: readonly (readonly [BulkheadOptions | number, RegExp])[] = [
    [0, /bulkhead: concurrent must be a whole number, 1 or more, got 0/],
    [{ concurrent: 1.5 }, /concurrent must be/],
    [{} as never, /concurrent must be/],
    [{ concurrent: 1, que: 5 } as never, /there is no option "que"/],
    [{ concurrent: 1, queue: -1 }, /queue must be a whole number, 0 or more/],
    [{ concurrent: 1, queue: Number.POSITIVE_INFINITY }, /queue must be a whole number, 0 or more/],
    [{ concurrent: 1, queue: 1, waitMs: 0 }, /waitMs must be above 0/],
    [{ concurrent: 1, waitMs: 5 }, /without a queue/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => bulkhead(options), { code: "OPTION_INVALID", message });
  }
});
