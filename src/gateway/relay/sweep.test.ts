// Many deadlines on one timer, which runs only while there is somebody to wait for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { createSweep } from "./sweep.ts";

test("members are told when they are overdue, and no timer is left when all have gone", async () => {
  const clock = simClock();
  const sweep = createSweep(clock, 20);
  const told: number[] = [];
  const member = {
    dueAtMs: 50,
    onDue() {
      told.push(clock.now());
      if (told.length === 1) member.dueAtMs = 100;
      else sweep.leave(member);
    },
  };
  sweep.join(member);
  await clock.advance(1_000);
  assert.deepEqual(told, [60, 100]);
  assert.equal(clock.pending, 0);
  member.dueAtMs = 1_050;
  sweep.join(member);
  await clock.advance(100);
  assert.deepEqual(told, [60, 100, 1_060]);
});
