// One timer for many moments: each fires once and in its time, and none keeps the process.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../testing/sim-clock.ts";
import { beatOf, grain } from "./beat.ts";

test("moments fire in order, each once, an earlier one that comes later included", async () => {
  const clock = simClock();
  const fired: string[] = [];
  const at = (ms: number): (() => void) =>
    beatOf(clock).at(ms, () => fired.push(`${ms}@${clock.now()}`));
  at(300);
  at(100);
  const cancel = at(200);
  at(50);
  at(300);
  cancel();
  await clock.advance(1_000);
  assert.deepEqual(fired, ["50@50", "100@100", "300@300", "300@300"]);
});

test("what fires may ask for the next moment, the one that is now included", async () => {
  const clock = simClock();
  const beat = beatOf(clock);
  let count = 0;
  const again = (): void => {
    count += 1;
    if (count < 5) beat.at(clock.now(), again);
  };
  beat.at(10, again);
  await clock.advance(11);
  assert.equal(count, 5);
});

test("a hundred moments of one grain are one sleep, and none is left when all are taken back", async () => {
  const clock = simClock();
  const beat = beatOf(clock);
  const ways = Array.from({ length: 100 }, (_, i) =>
    beat.at(grain(1_000 + i / 10, 1_000, "ceil"), () => assert.fail("it was taken back")),
  );
  assert.ok(clock.pending <= 2, `${clock.pending} sleeps`);
  for (const cancel of ways) cancel();
  await clock.advance(0);
  assert.equal(clock.pending, 0);
  await clock.advance(2_000);
});

test("there are no more sleeps than moments, however often an earlier one came", async () => {
  const clock = simClock();
  const beat = beatOf(clock);
  const again = (): void => {
    beat.at(clock.now() + 100, again);
    for (const soonMs of [30, 20, 10]) beat.at(clock.now() + soonMs, () => {});
    assert.ok(clock.pending <= 4, `${clock.pending} sleeps`);
  };
  again();
  await clock.advance(10_000);
  assert.equal(clock.pending, 4);
});

test("grains are a fiftieth of the time and at most 20 ms, and exact for short times", () => {
  assert.equal(grain(1_234, 1_000, "floor"), 1_220);
  assert.equal(grain(1_234, 1_000, "ceil"), 1_240);
  assert.equal(grain(1_234, 50, "floor"), 1_234);
  assert.equal(grain(1_234, 600_000, "ceil"), 1_240);
});
