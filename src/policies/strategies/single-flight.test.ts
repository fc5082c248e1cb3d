// Calls of one key at the same time: one runs, the others wait, and no caller's end ends another's call.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import fc from "fast-check";
import { simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { cache } from "./cache.ts";
import { timeout } from "./timeout.ts";

const bad = new Error("bad");
const a = { key: "a" };

function cached(ttlMs: number) {
  const clock = simClock();
  const store = cache({ ttlMs, clock });
  return { clock, store, api: compose({ clock }, store) };
}

/** Work that the test ends. */
function pending() {
  const ends: PromiseWithResolvers<string>[] = [];
  const work = (): Promise<string> => {
    const end = Promise.withResolvers<string>();
    ends.push(end);
    return end.promise;
  };
  return { work, ends };
}

test("calls at the same time share one run, its result and its failure", async () => {
  const { api, store } = cached(0);
  const { work, ends } = pending();
  const all = Array.from({ length: 100 }, () => api.run(work, a));
  const other = api.run(work, { key: "b" });
  assert.equal(ends.length, 2);
  ends[0]?.resolve("found");
  ends[1]?.resolve("other");
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["found"]));
  assert.equal(await other, "other");
  assert.equal(api.counters.cacheHits, 99);
  const failing = Array.from({ length: 3 }, () => api.run(work, a));
  assert.equal(ends.length, 3, "nothing was kept");
  ends[2]?.reject(bad);
  for (const one of await Promise.allSettled(failing)) assert.equal(one.status, "rejected");
  assert.equal(api.counters.cacheHits, 99);
  assert.deepEqual(store.figures?.(), { kept_results: 0, running_calls: 0, waiting_calls: 0 });
});

test("when the leader's caller aborts the next one runs, and the others wait for it", async () => {
  const { clock, api } = cached(100);
  const { work, ends } = pending();
  const caller = new AbortController();
  const first = api.run(work, { ...a, signal: caller.signal });
  const others = [api.run(work, a), api.run(work, a)];
  caller.abort("enough");
  await assert.rejects(first, (reason) => reason === "enough");
  await clock.advance(0);
  assert.equal(ends.length, 2);
  ends[0]?.resolve("too late");
  ends[1]?.resolve("found");
  assert.deepEqual(await Promise.all(others), ["found", "found"]);
});

test("a follower that aborts ends alone; when all do, the work is not begun for each", async () => {
  const { clock, api } = cached(100);
  const { work, ends } = pending();
  const callers = Array.from({ length: 4 }, () => new AbortController());
  const all = callers.map(({ signal }) => api.tryRun(work, { ...a, signal }));
  callers[2]?.abort("enough");
  assert.equal((await all[2])?.ok, false);
  for (const caller of callers) caller.abort("all");
  await Promise.all(all);
  await clock.advance(0);
  assert.equal(ends.length, 1);
  assert.equal(api.counters.cancelled, 4);
  const next = api.run(async () => "next", a);
  assert.equal(await next, "next");
});

test("calls that time out together further out do not begin the work one after another", async () => {
  const clock = simClock();
  const api = compose({ clock }, timeout({ ms: 50, clock }), cache({ ttlMs: 100, clock }));
  const { work, ends } = pending();
  const early = Array.from({ length: 5 }, () => api.tryRun(work, a));
  await clock.advance(30);
  const late = api.run(work, a);
  await clock.advance(35);
  for (const one of early) assert.equal((await one).ok, false);
  assert.equal(ends.length, 2);
  ends[1]?.resolve("found");
  assert.equal(await late, "found");
});

test("a promoted call runs in its own caller's async context", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { clock, api } = cached(100);
  const caller = new AbortController();
  const work = async () => storage.getStore();
  const hangs = () => new Promise<never>(() => {});
  const first = storage.run("first", () => api.tryRun(hangs, { ...a, signal: caller.signal }));
  const second = storage.run("second", () => api.run(work, a));
  storage.run("third", () => caller.abort());
  await first;
  await clock.advance(0);
  assert.equal(await second, "second");
});

interface Making {
  readonly key: string;
  readonly end: PromiseWithResolvers<string>;
  /** Others may be made beside it: its caller has ended, or it was invalidated. */
  alone: boolean;
}

interface Asking {
  readonly key: string;
  readonly caller: AbortController;
  aborted: boolean;
  settled: number;
}

const key = fc.constantFrom("a", "b", "c");
const at = fc.nat(30);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("ask" as const), key }) },
  fc.record({ kind: fc.constant("end" as const), at, ok: fc.boolean() }),
  fc.record({ kind: fc.constant("abort" as const), at }),
  fc.record({ kind: fc.constant("forget" as const), key }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(120) }),
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Every call settles once, with what was made for its key or its own abort. */
async function play(steps: readonly Step[]): Promise<void> {
  const { clock, store, api } = cached(100);
  const making: Making[] = [];
  const asking: Asking[] = [];
  let made = 0;
  const ask = (key: string): void => {
    const mine: Asking = { key, caller: new AbortController(), aborted: false, settled: 0 };
    asking.push(mine);
    const work = (): Promise<string> => {
      assert.ok(!making.some((one) => one.alone && one.key === key), "one run of a key at once");
      const end = Promise.withResolvers<string>();
      const one = { key, end, alone: true };
      making.push(one);
      mine.caller.signal.addEventListener("abort", () => {
        one.alone = false;
      });
      return end.promise;
    };
    api.run(work, { key, signal: mine.caller.signal }).then(
      (value) => {
        mine.settled += 1;
        assert.ok(value.startsWith(key) && !mine.aborted, value);
      },
      (error) => {
        mine.settled += 1;
        assert.equal(error, mine.aborted ? mine.caller.signal.reason : bad);
      },
    );
  };
  const end = (at: number, ok: boolean): void => {
    const [one] = making.splice(at % Math.max(1, making.length), 1);
    if (ok) one?.end.resolve(`${one.key}${made++}`);
    else one?.end.reject(bad);
  };
  const abort = (at: number): void => {
    const waiting = asking.filter((one) => one.settled === 0);
    const one = waiting[at % Math.max(1, waiting.length)];
    if (one === undefined) return;
    one.aborted = true;
    one.caller.abort(one);
  };
  for (const one of steps) {
    if (one.kind === "ask") ask(one.key);
    else if (one.kind === "end") end(one.at, one.ok);
    else if (one.kind === "abort") abort(one.at);
    else if (one.kind === "wait") await clock.advance(one.ms);
    else {
      store.invalidate(one.key);
      for (const run of making) if (run.key === one.key) run.alone = false;
    }
    for (let i = 0; i < 6; i++) await null;
  }
  while (making.length > 0) {
    end(0, true);
    for (let i = 0; i < 6; i++) await null;
  }
  assert.ok(asking.every((one) => one.settled === 1));
  assert.deepEqual({ ...store.figures?.(), kept_results: 0 }, none);
  const { calls, successes, failures, cancelled } = api.counters;
  assert.equal(calls, asking.length);
  assert.equal(calls, successes + failures + cancelled);
}

const none = { kept_results: 0, running_calls: 0, waiting_calls: 0 };

test("whatever comes, every call settles once and a key is made once at a time, 20,000 steps", () => {
  const steps = fc.array(step, { minLength: 200, maxLength: 200 });
  return fc.assert(fc.asyncProperty(steps, play), { numRuns: 100, seed: 3 });
});
