// The shell of the loop: time goes on where the journal ended, and after the end nothing is taken.
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, reading } from "../model/reading.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import { simClock } from "../testing/sim-clock.ts";
import { createLoop, type Loop } from "./loop.ts";
import { emptyState } from "./state.ts";
import { createStep, type Step } from "./step.ts";

const traits = { risk: "none", reversible: false, destructive: false } as const;
const step = createStep({
  rulesFor: () => [],
  traits: {
    start: traits,
    restart: traits,
    rollback: traits,
    degrade: traits,
    restore: traits,
    page: traits,
  },
});

function loopOn(store: Store, clock = simClock()): Loop {
  const onBroken = (error: unknown): never => {
    throw error;
  };
  return createLoop({ store, step, clock, tickMs: 250, onCommand: () => {}, onBroken });
}

const born = {
  type: "daemon.started",
  subject: "shop",
  data: { pid: 1, bootId: "b", version: "1", offsetMs: 0 },
} as const;
const ended = { type: "daemon.stopped", subject: "shop", data: { reason: "down" } } as const;

test("after the last event nothing is in the journal", () => {
  const store = memoryStore();
  const loop = loopOn(store);
  loop.emit(born);
  loop.end(ended);
  loop.emit({ type: "operator.resumed", subject: "shop", data: { by: "late" } });
  assert.deepEqual(
    [...store.read()].map(({ type }) => type),
    ["daemon.started", "daemon.stopped"],
  );
});

test("time goes on after the last tick, even when the wall clock was set back", () => {
  const store = memoryStore();
  const clock = simClock();
  const first = loopOn(store, clock);
  first.emit(born);
  const lastMs = Math.round(first.clock.now()) + 90_000;
  store.appendTick({ n: 1, atMs: lastMs, afterSeq: 1, readings: [] });
  const behind = { ...clock, wall: () => clock.wall() - 3_600_000 };
  const second = createLoop({
    ...{ store, step, clock: behind, tickMs: 250 },
    onCommand: () => {},
    onBroken: () => assert.fail("the loop broke"),
  });
  assert.ok(second.clock.now() >= lastMs);
});

test("readings that may decide something are looked at without waiting for a tick, and not too often", async () => {
  const store = memoryStore();
  const clock = simClock();
  const loop = loopOn(store, clock);
  const over = new AbortController();
  loop.emit(born);
  const one = [reading("web/1", metrics.probe, 0, loop.clock.now())];
  loop.observe(one, true);
  assert.equal(store.lastTick(), undefined, "not before it runs");
  const running = loop.run(over.signal);
  await clock.advance(260);
  const before = store.lastTick()?.n ?? 0;
  loop.observe(one);
  assert.equal(store.lastTick()?.n, before);
  await clock.advance(20);
  loop.observe(one, true);
  assert.equal(store.lastTick()?.n, before + 1);
  assert.equal(store.lastTick()?.readings.length, 2, "with what came before them");
  for (let i = 0; i < 100; i++) loop.observe(one, true);
  assert.equal(store.lastTick()?.n, before + 1);
  await clock.advance(50);
  assert.equal(store.lastTick()?.n, before + 2);
  assert.equal(store.lastTick()?.readings.length, 100);
  over.abort();
  await running;
  loop.observe(one, true);
  assert.equal(store.lastTick()?.n, before + 2);
});

/** Waits for one moment; what it takes in changes nothing. */
function waitingFor(untilMs: number): Step {
  const incident = { state: "open", standing: { untilMs } };
  const state = { ...emptyState, incidents: { 1: incident } } as unknown as typeof emptyState;
  return (mind) => ({ mind: { ...mind, state }, events: [], commands: [] });
}

test("a wait that ends between two ticks is looked at then; at rest nothing else wakes the loop", async () => {
  const store = memoryStore();
  const clock = simClock();
  const at = clock.wall();
  const loop = createLoop({
    ...{ store, clock, tickMs: 250, onCommand: () => {} },
    step: waitingFor(at + 623),
    onBroken: () => assert.fail("the loop broke"),
  });
  const over = new AbortController();
  const running = loop.run(over.signal);
  const ticks = (): readonly number[] => [...store.readTicks()].map(({ atMs }) => atMs - at);
  await clock.advance(490);
  assert.deepEqual(ticks(), [250]);
  assert.equal(clock.pending, 1, "only the next tick");
  await clock.advance(510);
  assert.deepEqual(ticks(), [250, 500, 623, 750, 1_000]);
  over.abort();
  await running;
  assert.equal(clock.pending, 0);
});
