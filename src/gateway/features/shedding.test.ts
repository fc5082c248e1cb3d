// Plays crowds of requests before servers with a queue: who gets through, and that nobody is sent away in vain.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../kernel/random.ts";
import type { Priority } from "../../protocol/gateway-features.ts";
import { Shedding, type Slot } from "./shedding.ts";

interface World {
  /** What all instances work on at once; the rest waits in their queues. */
  readonly workers: number;
  readonly serviceMs: number;
  /** As a multiple of what they can do. */
  readonly load: number;
  readonly ms: number;
  readonly mix: Readonly<Partial<Record<Priority, number>>>;
  /** Instances of `of` that are there. */
  readonly able?: (nowMs: number) => number;
  readonly of?: number;
}

interface Request {
  readonly atMs: number;
  readonly slot: Slot;
  endsAtMs: number;
}

interface Played {
  /** Answers as a share of what could have been done. */
  readonly goodput: number;
  readonly p99Ms: number;
  readonly turnedAway: number;
  /** The same in the second half, when all is learnt. */
  readonly late: { readonly p99Ms: number; readonly turnedAway: number };
  /** Share of each priority that got through. */
  readonly success: Readonly<Record<string, number>>;
}

function play(world: World, seed: number): Played {
  const { workers, serviceMs, load, ms, mix, of = 1, able = () => of } = world;
  let now = 0;
  const clock = { now: () => now, wall: () => now, sleep: () => new Promise<void>(() => {}) };
  const random = seeded(seed);
  const exponential = (): number => -Math.log(1 - random());
  const shedding = new Shedding({ initial: 50, min: 1, max: 10_000 }, clock, seeded(seed + 1));
  const betweenMs = serviceMs / workers / load;
  const queue: Request[] = [];
  const busy: Request[] = [];
  const tookMs: number[] = [];
  const lateMs: number[] = [];
  const asked: Record<string, number> = {};
  const away: Record<string, number> = {};
  let [running, couldMs, lateAway] = [0, 0, 0];
  for (let arrivalMs = betweenMs; now < ms; ) {
    const atOnce = Math.round((workers * able(now)) / of);
    while (busy.length < atOnce && queue.length > 0) {
      const next = queue.shift();
      if (next) busy.push(Object.assign(next, { endsAtMs: now + serviceMs * exponential() }));
    }
    let at = 0;
    for (let i = 1; i < busy.length; i++) if (endOf(busy[i]) < endOf(busy[at])) at = i;
    const first = busy[at];
    const before = now;
    now = Math.min(arrivalMs, first?.endsAtMs ?? arrivalMs);
    couldMs += (now - before) * atOnce;
    if (first && now === first.endsAtMs) {
      busy.splice(at, 1);
      running--;
      tookMs.push(now - first.atMs);
      if (first.atMs > ms / 2) lateMs.push(now - first.atMs);
      shedding.leave(first.slot, "answered", now - first.atMs);
      continue;
    }
    const priority = chosen(mix, random());
    asked[priority] = (asked[priority] ?? 0) + 1;
    const slot = shedding.enter(priority, running, able(now));
    if (slot === undefined) {
      away[priority] = (away[priority] ?? 0) + 1;
      if (now > ms / 2) lateAway++;
    } else {
      running++;
      queue.push({ atMs: now, slot, endsAtMs: 0 });
    }
    arrivalMs = now + betweenMs * exponential();
  }
  const names = Object.keys(asked);
  return {
    goodput: (tookMs.length * serviceMs) / couldMs,
    p99Ms: p99Of(tookMs),
    late: { p99Ms: p99Of(lateMs), turnedAway: lateAway },
    turnedAway: Object.values(away).reduce((sum, count) => sum + count, 0),
    success: Object.fromEntries(names.map((it) => [it, 1 - (away[it] ?? 0) / (asked[it] ?? 1)])),
  };
}

function p99Of(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}

function endOf(request: Request | undefined): number {
  return request?.endsAtMs ?? Number.POSITIVE_INFINITY;
}

function chosen(mix: World["mix"], dice: number): Priority {
  let sum = 0;
  for (const priority of ["critical", "high", "normal"] as const) {
    sum += mix[priority] ?? 0;
    if (dice < sum) return priority;
  }
  return "low";
}

const mixed = { high: 0.1, normal: 0.3, low: 0.6 };
const server = { workers: 20, serviceMs: 50, mix: mixed };

for (const seed of [31, 32]) {
  test(`three times what they can do: high gets through, low does not, seed ${seed}`, () => {
    const { goodput, p99Ms, success } = play({ ...server, load: 3, ms: 6_000 }, seed);
    const said = JSON.stringify({ goodput, p99Ms, success });
    assert.ok(goodput >= 0.93, said);
    // One alone takes 230 ms at its 99th percentile.
    assert.ok(p99Ms <= 350, said);
    assert.ok((success.high ?? 0) >= 0.99, said);
    assert.ok((success.normal ?? 0) > 0.5 && (success.low ?? 1) < 0.15, said);
  });

  test(`seven tenths of what they can do, with all its noise: nobody is turned away, seed ${seed}`, () => {
    for (const mix of [mixed, { low: 1 }]) {
      const { turnedAway, goodput } = play({ ...server, mix, load: 0.7, ms: 8_000 }, seed);
      assert.equal(turnedAway, 0);
      assert.ok(Math.abs(goodput - 0.7) < 0.05, `${goodput}`);
    }
  });
}

test("requests of one priority alone get through as many as can be done", () => {
  for (const mix of [{ low: 1 }, { high: 1 }]) {
    const { goodput, p99Ms } = play({ ...server, mix, load: 3, ms: 5_000 }, 5);
    assert.ok(goodput >= 0.9 && p99Ms <= 400, `${goodput} ${p99Ms}`);
  }
});

test("the limit is learnt: lower for a small server, higher for a large one", () => {
  const small = { ...server, workers: 2, serviceMs: 20, load: 3, ms: 10_000 };
  const { late, success } = play(small, 4);
  // With the limit of the beginning it would be 600 ms.
  assert.ok(late.p99Ms <= 350 && (success.high ?? 0) >= 0.99, JSON.stringify({ late, success }));
  const large = { ...server, workers: 60, load: 0.8, ms: 6_000 };
  assert.deepEqual(play(large, 4).late.turnedAway, 0);
});

test("when instances leave, the limit goes with them", () => {
  const able = (nowMs: number): number => (nowMs < 3_000 ? 4 : 1);
  const world = { ...server, workers: 40, of: 4, able, load: 0.9, ms: 6_000 };
  const { goodput, p99Ms, success } = play(world, 3);
  const said = JSON.stringify({ goodput, p99Ms, success });
  assert.ok(goodput >= 0.9 && p99Ms <= 450 && (success.high ?? 0) >= 0.99, said);
});

test("nobody is turned away while no instance may be asked: they wait for one", () => {
  const clock = { now: () => 0, wall: () => 0, sleep: () => new Promise<void>(() => {}) };
  const shedding = new Shedding({ initial: 5, min: 1, max: 10 }, clock, seeded(1));
  assert.notEqual(shedding.enter("low", 10_000, 0), undefined);
  assert.equal(shedding.enter("low", 10_000, 1), undefined);
});

test("the order in which they are given up, and what is let in again when it gets better", () => {
  const clock = { now: () => 0, wall: () => 0, sleep: () => new Promise<void>(() => {}) };
  const shedding = new Shedding({ initial: 100, min: 1, max: 100 }, clock, seeded(1));
  const letIn = (running: number): string =>
    (["critical", "high", "normal", "low", "exempt"] as const)
      .filter((priority) => shedding.enter(priority, running, 1) !== undefined)
      .join(" ");
  assert.equal(letIn(79), "critical high normal low exempt");
  assert.equal(letIn(80), "critical high normal exempt");
  assert.equal(letIn(77), "critical high normal exempt");
  assert.equal(letIn(75), "critical high normal low exempt");
  assert.equal(letIn(90), "critical high exempt");
  assert.equal(letIn(100), "critical exempt");
  assert.equal(letIn(216), "exempt");
});

test("answers in no time make no limit below one", () => {
  const clock = { now: () => 0, wall: () => 0, sleep: () => new Promise<void>(() => {}) };
  const shedding = new Shedding({ initial: 1, min: 1, max: 10 }, clock, seeded(1));
  for (let i = 0; i < 1_000; i++) {
    const slot = shedding.enter("low", 0, 1);
    assert.ok(slot !== undefined);
    shedding.leave(slot, i % 2 === 0 ? "timed-out" : "refused", 0);
  }
  assert.ok(shedding.limit >= 1);
});
