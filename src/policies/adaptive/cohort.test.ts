// Which calls make a sample, and when it is ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { tickerOf } from "../engine/ticker.ts";
import { Cohort } from "./cohort.ts";

/** With the sixteen members that a cohort has when few calls run at once, all begun at `at`. */
function gathered(): { cohort: Cohort; clock: ReturnType<typeof simClock> } {
  const clock = simClock();
  const cohort = new Cohort(tickerOf(clock));
  for (let i = 0; i < 16; i++) assert.equal(cohort.begin(1 + (i % 3)), true);
  assert.equal(cohort.begin(1), false);
  return { cohort, clock };
}

/** Ends that many members; true when the sample is ready. */
function end(cohort: Cohort, count: number, ending: Parameters<Cohort["end"]>[1], now: number) {
  let ready = false;
  for (let i = 0; i < count; i++) {
    assert.equal(ready, false);
    ready = cohort.end(0, ending, now);
  }
  return ready;
}

test("it is ready when nine tenths of its members have ended, their mean is the time", () => {
  const { cohort } = gathered();
  assert.equal(end(cohort, 7, "answered", 10), false);
  assert.equal(end(cohort, 8, "answered", 40), true);
  const rttMs = (7 * 10 + 8 * 40) / 15;
  assert.deepEqual(cohort.take(40), { rttMs, timed: 15, inFlight: 3, dropped: 0, held: 0 });
});

test("what says nothing leaves it, a refusal is counted but not timed, a timeout is both", () => {
  const { cohort } = gathered();
  cohort.hold();
  assert.equal(end(cohort, 6, undefined, 1), false);
  assert.equal(end(cohort, 3, "refused", 1), false);
  assert.equal(end(cohort, 2, "timed-out", 100), false);
  assert.equal(end(cohort, 4, "answered", 50), true);
  const sample = cohort.take(100);
  assert.deepEqual(
    { ...sample, held: undefined },
    { rttMs: 400 / 6, timed: 6, inFlight: 3, dropped: 5 / 9, held: undefined },
  );
  assert.equal(sample.held, 1 / 18);
});

test("a cohort that nobody is left of tells no time", () => {
  const { cohort } = gathered();
  assert.equal(end(cohort, 16, undefined, 1), true);
  const { rttMs, timed } = cohort.take(1);
  assert.deepEqual({ rttMs, timed }, { rttMs: undefined, timed: 0 });
});

test("calls that are no members count, and end the waiting when they are eight times as many", () => {
  const { cohort } = gathered();
  end(cohort, 10, "answered", 10);
  for (let i = 0; i < 100; i++) assert.equal(cohort.pass(), false);
  for (let i = 0; i < 28; i++) assert.equal(cohort.end(cohort.mark, "timed-out", 10), false);
  assert.equal(cohort.pass(), true);
  const { dropped, timed } = cohort.take(10);
  assert.deepEqual({ dropped, timed }, { dropped: 28 / 139, timed: 10 });
});

test("drops are told once: of calls that began before the last that were told, none is again", async () => {
  const { cohort, clock } = gathered();
  const before = cohort.mark;
  assert.equal(end(cohort, 15, "timed-out", 50), true);
  assert.equal(cohort.take(50).dropped, 1);
  await clock.advance(100);
  for (let i = 0; i < 16; i++) cohort.begin(1);
  // One of the members of before, and ones that were not timed: before and after.
  cohort.end(0, "timed-out", 60);
  for (let i = 0; i < 5; i++) cohort.end(before, "timed-out", 60);
  for (let i = 0; i < 3; i++) cohort.end(cohort.mark, "timed-out", 60);
  for (let i = 0; i < 15; i++) cohort.end(50, "answered", 110);
  assert.equal(cohort.take(110).dropped, 3 / 18);
});

test("the next one begins a tenth of a second after it, and takes no call from before", async () => {
  const { cohort, clock } = gathered();
  assert.equal(end(cohort, 15, "answered", 10), true);
  cohort.take(10);
  await clock.advance(99);
  assert.equal(cohort.begin(9), false);
  await clock.advance(1);
  for (let i = 0; i < 18; i++) assert.equal(cohort.begin(9), true);
  cohort.end(0, "answered", 500);
  for (let i = 0; i < 17; i++) cohort.end(100, "answered", 120);
  const { rttMs, timed, inFlight } = cohort.take(120);
  assert.deepEqual({ rttMs, timed, inFlight }, { rttMs: 20, timed: 17, inFlight: 9 });
});
