// Work of many rhythms on one grid: each as often as it asks to be, and all of it in the same wakings.
import assert from "node:assert/strict";
import { test } from "node:test";
import { every } from "../kernel/clock.ts";
import { simClock } from "../testing/sim-clock.ts";
import { gridMs, onGrid } from "./grid.ts";

test("what begins at odd moments comes as often as it asked for, and wakes nobody in between", async () => {
  const under = simClock(12_345.678);
  const clock = onGrid({ ...under, now: () => under.now() + 1_000_000.5 }, under);
  const over = new AbortController();
  const wakings = new Set<number>();
  const counts = new Map<number, number>();
  const work = [250, 500, 1_000].map(async (ms) => {
    await under.advance(37.3);
    return every(clock, ms, over.signal, () => {
      wakings.add(under.now());
      counts.set(ms, (counts.get(ms) ?? 0) + 1);
    });
  });
  await under.advance(37.3 * 3);
  await under.advance(20 * 1_000);
  assert.deepEqual(
    [250, 500, 1_000].map((ms) => Math.abs((counts.get(ms) ?? 0) - 20_000 / ms) <= 1),
    [true, true, true],
    JSON.stringify([...counts]),
  );
  assert.ok([...wakings].every((at) => at % gridMs === 0));
  over.abort();
  await Promise.all(work);
  await under.advance(0);
  assert.equal(under.pending, 0, "nothing is slept for any more");
});

test("who is late already does not wait for the next moment", async () => {
  const under = simClock(10);
  let done = false;
  const sleeping = onGrid(under, under)
    .sleep(0)
    .then(() => {
      done = true;
    });
  await under.advance(0);
  assert.equal(done, true);
  await sleeping;
});
