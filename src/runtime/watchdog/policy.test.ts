// Restart budgets: they can be reached, forget what is old, and never restart replicas as one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../testing/seeded.ts";
import { nextRestart, noRestarts, type Restarts, restartPlan } from "./policy.ts";

/** Restarts of a thing that dies the moment it is started. */
function dyingAtOnce(options: Parameters<typeof restartPlan>[1], seed = 1): number[] {
  const plan = restartPlan("test", options);
  const random = seeded(seed);
  let past: Restarts = noRestarts();
  let now = 0;
  const at: number[] = [];
  for (let tries = 0; tries < 1_000; tries++) {
    const next = nextRestart(plan, past, now, random);
    if (!next) return at;
    past = next.past;
    now += next.afterMs;
    at.push(now);
  }
  return at;
}

test("a thing that dies at once is given up after `max` restarts, whatever chance says", () => {
  for (let seed = 0; seed < 200; seed++) assert.equal(dyingAtOnce({}, seed).length, 5);
  assert.equal(dyingAtOnce({ max: 0 }).length, 0);
});

test("the delays grow and are spread, so that replicas do not restart as one", () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const at = dyingAtOnce({}, seed);
    const waits = at.map((ms, n) => ms - (at[n - 1] ?? 0));
    for (const [n, ms] of waits.entries()) {
      const grown = 500 * 2 ** n;
      assert.ok(ms >= grown / 2 && ms <= grown, `wait ${n} is ${ms} ms`);
    }
    firsts.add(Math.round(at[0] ?? 0));
  }
  assert.ok(firsts.size > 50, `${firsts.size} different first waits`);
});

test("a budget that the back-off makes impossible to spend is refused", () => {
  const impossible = { max: 8, windowMs: 60_000, backoff: { baseMs: 500, maxMs: 30_000 } };
  assert.throws(() => restartPlan("worker resize", impossible), /never fall within windowMs/);
  assert.equal(dyingAtOnce({ ...impossible, windowMs: 120_000 }).length, 8);
});

test("restarts older than the window are forgotten, and memory of them is bounded", () => {
  const plan = restartPlan("test", { max: 3, windowMs: 60_000 });
  let past: Restarts = noRestarts();
  for (let now = 0; now < 100 * 30_000; now += 30_000) {
    const next = nextRestart(plan, past, now, () => 0.5);
    assert.ok(next, `given up at ${now}`);
    past = next.past;
    assert.ok(past.at.length <= 3);
  }
});
