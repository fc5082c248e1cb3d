// The one timer behind all checks: order, lateness, cancelling, and no burst after a pause.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../kernel/clock.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createHealth } from "./health.ts";
import { createTicker } from "./ticker.ts";

/** A process that stands still: its timers come when it goes on, its clock has gone on. */
function pausable(): { sim: SimClock; clock: Clock; pause: (ms: number) => void } {
  const sim = simClock();
  let lostMs = 0;
  const clock = { ...sim, now: () => sim.now() + lostMs };
  return {
    sim,
    clock,
    pause: (ms) => {
      lostMs += ms;
    },
  };
}

test("calls come at their time, in any order of asking; cancelled ones do not", async () => {
  const clock = simClock();
  const ticker = createTicker(clock);
  const came: string[] = [];
  const at = (name: string, ms: number) =>
    ticker.after(ms, () => came.push(`${name}@${clock.now()}`));
  at("c", 300);
  at("a", 100);
  at("b", 200);
  at("x", 150)();
  at("d", 1_000);
  await clock.advance(250);
  at("e", 10);
  await clock.advance(2_000);
  assert.deepEqual(came, ["a@100", "b@200", "e@260", "c@300", "d@1000"]);
});

test("few sleeps are pending, however often a call comes before the one that was next", async () => {
  const clock = simClock();
  const ticker = createTicker(clock);
  const again = (): void => void ticker.after(1_000, again);
  again();
  for (let i = 0; i < 300; i++) {
    ticker.after(50, () => {});
    await clock.advance(60);
  }
  assert.ok(clock.pending <= 30, String(clock.pending));
});

test("after a pause a check runs once, and goes on in the phase that it had", async () => {
  const { sim, clock, pause } = pausable();
  const begun: number[] = [];
  const health = createHealth({ clock, random: () => 0 });
  health.register("db", () => begun.push(clock.now()) > 0, { intervalMs: 100 });
  health.start();
  await sim.advance(150);
  pause(330);
  await sim.advance(250);
  assert.deepEqual(begun, [0, 100, 530, 600, 700]);
});
