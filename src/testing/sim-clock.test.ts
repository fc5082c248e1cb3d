// The simulated clock, and the kernel's ways of waiting on it: order, cancelling, no drift, no overlap.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deadline, every } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { seeded } from "./seeded.ts";
import { simClock } from "./sim-clock.ts";

test("sleeps end in the order of their due time, and at it", async () => {
  const clock = simClock();
  const seen: string[] = [];
  const note = (name: string): void => void seen.push(`${name} ${clock.now()}`);
  void clock.sleep(20).then(() => note("late"));
  void clock.sleep(10).then(() => note("early"));
  void clock.sleep(10).then(() => note("early, asked second"));
  await clock.advance(15);
  assert.deepEqual(seen, ["early 10", "early, asked second 10"]);
  await clock.advance(5);
  assert.deepEqual(seen.at(-1), "late 20");
  assert.equal(clock.pending, 0);
});

test("a sleep that is cancelled rejects with the caller's reason and leaves nothing behind", async () => {
  const clock = simClock();
  const cancel = new AbortController();
  const slept = clock.sleep(1_000, cancel.signal);
  cancel.abort("enough");
  await assert.rejects(slept, (error: unknown) => {
    assert.ok(error instanceof HomeostatError);
    assert.equal(error.code, "CANCELLED");
    assert.equal(error.cause, "enough");
    return true;
  });
  assert.equal(clock.pending, 0);
  await assert.rejects(clock.sleep(1, cancel.signal), { code: "CANCELLED" });
});

test("every() does not drift, does not overlap, and leaves out what it missed", async () => {
  const clock = simClock();
  const stop = new AbortController();
  const at: number[] = [];
  const work = async (): Promise<void> => {
    at.push(clock.now());
    if (at.length === 2) await clock.sleep(250);
  };
  const over = every(clock, 100, stop.signal, work);
  await clock.advance(700);
  // The second run, at 200, ends at 450: 300 and 400 were missed and are not caught up.
  assert.deepEqual(at, [100, 200, 500, 600, 700]);
  stop.abort();
  await over;
  assert.equal(clock.pending, 0);
});

test("a deadline aborts at its time, or with its parent, and done() releases it", async () => {
  const clock = simClock();
  const late = deadline(clock, 100);
  await clock.advance(99);
  assert.equal(late.signal.aborted, false);
  await clock.advance(1);
  assert.equal((late.signal.reason as Error).name, "TimeoutError");
  const parent = new AbortController();
  const child = deadline(clock, 100, parent.signal);
  parent.abort("stop");
  assert.equal(child.signal.reason, "stop");
  child.done();
  const early = deadline(clock, 100);
  early.done();
  await clock.advance(200);
  assert.equal(early.signal.aborted, false);
  assert.equal(clock.pending, 0);
});

test("the same seed gives the same numbers, another seed others, all in [0, 1)", () => {
  const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seeded(seed));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(7).every((value) => value >= 0 && value < 1));
  const mean = draw(7).reduce((sum, value) => sum + value, 0) / 1_000;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `mean ${mean}`);
});
