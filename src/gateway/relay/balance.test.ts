// Tests of the choice of an instance.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../testing/seeded.ts";
import { afterFailure, type Candidate, choose, isEjected, notEjected } from "./balance.ts";

const random = seeded(1);
const named = (name: string, inflight: number, untilMs?: number): Candidate & { name: string } => ({
  ...{ name, inflight },
  ejection: untilMs === undefined ? notEjected : { strikes: 1, untilMs },
});

test("the one with the fewest requests in flight is taken", () => {
  const candidates = [named("a", 3), named("b", 1), named("c", 2)];
  for (let i = 0; i < 20; i++) assert.equal(choose(candidates, 0, random)?.name, "b");
});

test("equals are taken by chance, each about as often", () => {
  const candidates = [named("a", 1), named("b", 1), named("c", 5)];
  const taken: Record<string, number> = {};
  for (let i = 0; i < 1_000; i++) {
    const name = choose(candidates, 0, random)?.name ?? "none";
    taken[name] = (taken[name] ?? 0) + 1;
  }
  assert.deepEqual(Object.keys(taken).toSorted(), ["a", "b"]);
  assert.ok(Math.abs((taken.a ?? 0) - 500) < 80, `a was taken ${taken.a} times of 1000`);
});

test("an ejected one is taken last, and taken when all are ejected", () => {
  const busy = named("busy", 9);
  assert.equal(choose([named("bad", 0, 100), busy], 99, random)?.name, "busy");
  assert.equal(choose([named("bad", 0, 100), busy], 100, random)?.name, "bad");
  assert.equal(choose([named("bad", 0, 100), named("worse", 1, 200)], 50, random)?.name, "bad");
});

test("nobody is chosen from nobody", () => {
  assert.equal(choose([], 0, random), undefined);
});

test("an ejection doubles from 1 s to 10 s, each one counted once", () => {
  let ejection = notEjected;
  let now = 0;
  const lengths = [];
  for (let i = 0; i < 6; i++) {
    ejection = afterFailure(ejection, now);
    assert.equal(afterFailure(ejection, now + 1), ejection, "failures of the same moment are one");
    assert.equal(isEjected(ejection, ejection.untilMs - 1), true);
    lengths.push(ejection.untilMs - now);
    now = ejection.untilMs;
  }
  assert.deepEqual(lengths, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});
