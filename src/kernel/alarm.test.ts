// A timer that is put off, brought forward and cleared.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../testing/sim-clock.ts";
import { createAlarm } from "./alarm.ts";

test("an alarm can be put off, brought forward and cleared", async () => {
  const clock = simClock();
  const rung: number[] = [];
  const alarm = createAlarm(clock, () => rung.push(clock.now()));
  alarm.ringIn(100);
  await clock.advance(50);
  alarm.ringIn(100);
  await clock.advance(60);
  assert.deepEqual(rung, []);
  await clock.advance(100);
  assert.deepEqual(rung, [150]);
  alarm.ringIn(1_000);
  alarm.ringIn(10);
  await clock.advance(5_000);
  assert.deepEqual(rung, [150, 220]);
  alarm.ringIn(10);
  alarm.off();
  await clock.advance(5_000);
  assert.equal(rung.length, 2);
});
