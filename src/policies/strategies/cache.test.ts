// What a cache gives and when: fresh results, shared runs, stale ones in the place of failures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { breaker } from "../breaker/breaker.ts";
import { compose } from "../compose.ts";
import { events, type PolicyEvent } from "../events.ts";
import { type CacheOptions, cache } from "./cache.ts";
import { timeout } from "./timeout.ts";

const bad = new Error("bad");
const fails = async (): Promise<never> => {
  throw bad;
};
const a = { key: "a" };

/** A cache alone, and work that counts its runs and gives their number. */
function cached(options: Omit<CacheOptions, "clock">) {
  const clock = simClock();
  const store = cache({ ...options, clock });
  const api = compose({ clock }, store);
  let runs = 0;
  const work = async (): Promise<number> => ++runs;
  return { clock, store, api, work, runs: () => runs };
}

/** Work that the test ends, and how often it began. */
function pending() {
  const ends: PromiseWithResolvers<string>[] = [];
  const signals: AbortSignal[] = [];
  const work = ({ signal }: { signal: AbortSignal }): Promise<string> => {
    const end = Promise.withResolvers<string>();
    signals.push(signal);
    ends.push(end);
    return end.promise;
  };
  return { work, ends, signals };
}

test("a result is given again while it is fresh, for its key only", async () => {
  const { clock, api, work, runs } = cached({ ttlMs: 100 });
  assert.equal(await api.run(work, a), 1);
  await clock.advance(99);
  assert.equal(await api.run(work, a), 1);
  assert.equal(await api.run(work, { key: "b" }), 2);
  await clock.advance(1);
  assert.equal(await api.run(work, a), 3);
  assert.equal(runs(), 3);
  assert.equal(api.counters.cacheHits, 1);
  assert.equal(api.counters.successes, 4);
});

test("calls without a key, and errors, are not kept", async () => {
  const { api, work, store } = cached({ ttlMs: 100 });
  assert.deepEqual([await api.run(work), await api.run(work)], [1, 2]);
  await assert.rejects(api.run(fails, a), bad);
  assert.equal(await api.run(work, a), 3);
  assert.equal(store.size, 1);
});

test("the key may be made from the call, and `when` says what is kept", async () => {
  const { api, work, store } = cached({
    ttlMs: 100,
    key: ({ key, priority }) => (priority === 0 ? undefined : `${key}!`),
    when: (value, key) => value !== 1 && key === "a!",
  });
  const results: unknown[] = [];
  for (const priority of [0, 1, 1, 1]) results.push(await api.run(work, { ...a, priority }));
  assert.deepEqual(results, [1, 2, 2, 2]);
  assert.equal(store.size, 1);
});

test("what was used longest ago is given up first", async () => {
  const { api, work, store } = cached({ ttlMs: 100, max: 2 });
  for (const key of ["a", "b", "a", "c"]) await api.run(work, { key });
  assert.equal(store.size, 2);
  assert.equal(await api.run(work, a), 1);
  assert.equal(await api.run(work, { key: "b" }), 4);
});

test("a stale result stands in for a failure, a refusal too, until staleMs", async () => {
  const clock = simClock();
  const circuit = breaker({ clock });
  const store = cache({ ttlMs: 100, staleMs: 1_000, clock });
  const api = compose({ clock }, store, circuit);
  await api.run(async () => "old", a);
  await clock.advance(100);
  assert.equal(await api.run(fails, a), "old");
  circuit.isolate();
  const both = [api.run(fails, a), api.run(fails, a)];
  assert.deepEqual(await Promise.all(both), ["old", "old"]);
  await clock.advance(900);
  const outcome = await api.tryRun(fails, a);
  assert.equal(!outcome.ok && outcome.rejected, "open");
  assert.equal(store.size, 0);
  assert.equal(api.counters.rejected.open, 3);
});

test("staleOnFailure can be turned off, or be chosen by the error", async () => {
  for (const staleOnFailure of [false, (error: unknown) => error !== bad]) {
    const { clock, api, work } = cached({ ttlMs: 100, staleMs: 1_000, staleOnFailure });
    await api.run(work, a);
    await clock.advance(100);
    await assert.rejects(api.run(fails, a), bad);
    const other = api.tryRun(() => Promise.reject(new Error("other")), a);
    assert.equal((await other).ok, staleOnFailure !== false);
  }
});

test("while one call waits for the fresh result the others have the stale one", async () => {
  const { clock, api } = cached({ ttlMs: 100, staleMs: 1_000, staleWhileRevalidate: true });
  await api.run(async () => "old", a);
  await clock.advance(100);
  const { work, ends } = pending();
  const leader = api.run(work, a);
  assert.equal(await api.run(work, a), "old");
  await clock.advance(900);
  const waits = api.run(work, a);
  ends[0]?.resolve("new");
  assert.deepEqual(await Promise.all([leader, waits]), ["new", "new"]);
  assert.equal(ends.length, 1);
});

test("what is invalidated while it is made is not kept, and no new call joins it", async () => {
  for (const forget of ["invalidate", "clear"] as const) {
    const { api, store, work } = cached({ ttlMs: 100 });
    const { work: slow, ends } = pending();
    const old = [api.run(slow, a), api.run(slow, a)];
    store[forget]("a");
    assert.equal(await api.run(work, a), 1);
    ends[0]?.resolve("outdated");
    assert.deepEqual(await Promise.all(old), ["outdated", "outdated"]);
    assert.equal(await api.run(work, a), 1);
    store[forget]("a");
    assert.equal(store.size, 0);
    assert.equal(await api.run(work, a), 2);
  }
});

test("a predicate that throws fails the call and all that wait for it", async () => {
  const when = (): boolean => {
    throw bad;
  };
  const { api, work } = cached({ ttlMs: 100, when });
  const all = [api.run(work, a), api.run(work, a)];
  for (const one of all) await assert.rejects(one, bad);
});

test("a cache that stands twice in one pipeline does not wait for itself", async () => {
  const clock = simClock();
  const store = cache({ ttlMs: 100, clock });
  const api = compose({ clock }, store, store);
  assert.equal(await api.run(async () => 1, a), 1);
  assert.equal(await api.run(async () => 2, a), 1);
});

test("a reload changes the times and the limit and keeps the results", async () => {
  const { clock, api, store, work } = cached({ ttlMs: 100 });
  for (const key of ["a", "b", "c"]) await api.run(work, { key });
  assert.equal(store.reload?.(cache({ ttlMs: 1_000, max: 2 })), true);
  assert.equal(store.reload?.(timeout(10)), false);
  await clock.advance(999);
  assert.equal(await api.run(work, a), 1);
  await api.run(work, { key: "d" });
  assert.equal(store.size, 2);
});

test("hits are told with their age", async () => {
  const { clock, api, work } = cached({ ttlMs: 100, staleMs: 500 });
  const told: unknown[] = [];
  const listen = (event: unknown): void => {
    const { event: name, key, details } = event as PolicyEvent;
    told.push([name, key, details]);
  };
  events.subscribe(listen);
  try {
    await api.run(work, a);
    await clock.advance(40);
    await api.run(work, a);
    await clock.advance(100);
    await api.run(fails, a);
  } finally {
    events.unsubscribe(listen);
  }
  assert.deepEqual(told, [
    ["cache-hit", "a", { ageMs: 40, stale: false }],
    ["cache-hit", "a", { ageMs: 140, stale: true }],
  ]);
});

test("options that cannot be are refused when it is made", () => {
  const wrong = [{ ttlMs: -1 }, { ttlMs: Number.NaN }, { ttlMs: 5, staleMs: 4 }];
  for (const options of [...wrong, { ttlMs: 5, max: 0 }]) {
    assert.throws(() => cache(options), /cache: /);
  }
  // @ts-expect-error there is no such option
  assert.throws(() => cache({ ttlMs: 5, retries: 1 }), /no option "retries"/);
});
