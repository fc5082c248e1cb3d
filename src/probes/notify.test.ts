// What is made of the words of an instance: ready, reloading, alive, and since when.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { type Notified, type NotifyProbeOptions, notifyProbe } from "./notify.ts";
import type { ProbeTarget } from "./probe.ts";

const of: ProbeTarget = { target: "web/1", startedAtMs: 0 };

/** A probe, what it is told, and what telling it anew brings. */
function world(over: Omit<NotifyProbeOptions, "ear">) {
  const clock: SimClock = simClock();
  const state: { told: Notified; next?: Notified; since?: number; asked: number } = {
    told: {},
    since: 0,
    asked: 0,
  };
  const probe = notifyProbe({
    ...over,
    ear: {
      told: () => state.told,
      ask: async () => {
        state.asked += 1;
        if (state.next) state.told = state.next;
      },
      watch: () => () => {},
      hearsSinceMs: () => state.since,
    },
  });
  const check = async (): Promise<readonly [number | undefined, string, number | undefined]> => {
    const { signal } = new AbortController();
    const readings = await probe.check(of, { signal, clock, log: silentLog });
    const value = (name: string): number | undefined =>
      readings.find(({ metric }) => metric === name)?.value;
    return [value("probe"), readings[0]?.note ?? "", value("probe.extended")];
  };
  return { clock, state, probe, check };
}

test("a start is over with READY=1, and may ask for more time until then", async () => {
  const { state, check } = world({ word: "started" });
  assert.deepEqual(await check(), [0, "it has not said READY=1", undefined]);
  state.told = { status: "loading\tthe model", extendedUntilMs: 5_000 };
  assert.deepEqual(await check(), [0, "it has not said READY=1: loading the model", 5_000]);
  state.told = { phase: "reloading", readyAtMs: 3 };
  assert.deepEqual(await check(), [1, "", undefined]);
  state.told = { phase: "stopping", readyAtMs: 3 };
  assert.deepEqual(await check(), [0, "it says that it is stopping", undefined]);
  assert.equal(state.asked, 0);
});

test("who reloads is not ready until it says so again", async () => {
  const { state, check } = world({ word: "ready" });
  state.told = { phase: "reloading", readyAtMs: 3 };
  assert.deepEqual((await check()).slice(0, 2), [0, "it says that it is reloading"]);
  state.told = { phase: "ready", readyAtMs: 9 };
  assert.equal((await check())[0], 1);
});

test("signs of life count from READY=1, and a late one is asked for before it is called missing", async () => {
  const { clock, state, check } = world({ word: "alive", withinMs: 1_000 });
  assert.deepEqual((await check()).slice(0, 2), [0, "it has not said WATCHDOG=1"]);
  state.told = { readyAtMs: 0 };
  await clock.advance(900);
  assert.equal((await check())[0], 1);
  await clock.advance(600);
  state.next = { readyAtMs: 0, watchdogAtMs: 1_400 };
  assert.equal((await check())[0], 1);
  await clock.advance(1_000);
  const [value, note] = await check();
  assert.deepEqual([value, note], [0, "no answer: no WATCHDOG=1 for 1.1 s, limit 1 s"]);
});

test("its own limit counts, a failure that it tells counts at once", async () => {
  const { clock, state, check } = world({ word: "alive", withinMs: 1_000 });
  state.told = { watchdogAtMs: 0, withinMs: 5_000 };
  await clock.advance(4_000);
  assert.equal((await check())[0], 1);
  state.told = { ...state.told, triggerAtMs: 4_000, status: "disk gone" };
  assert.deepEqual((await check()).slice(0, 2), [
    0,
    "it says that it has failed (WATCHDOG=trigger): disk gone",
  ]);
});

test("after a start that another probe saw end, and after a time without ears, it has its time again", async () => {
  const { clock, state, check } = world({ word: "alive", withinMs: 1_000, begun: true });
  await clock.advance(60_000);
  assert.equal((await check())[0], 1);
  await clock.advance(1_100);
  assert.equal((await check())[0], 0);
  state.since = 61_000;
  assert.equal((await check())[0], 1);
});

test("without ears the probe is broken, and no instance sick", async () => {
  const { probe, clock, state } = world({ word: "ready" });
  state.since = undefined as unknown as number;
  const ctx = { signal: new AbortController().signal, clock, log: silentLog };
  await assert.rejects(probe.check(of, ctx), { code: "NOTIFY_ABSENT" });
});
