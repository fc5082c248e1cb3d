// Who waited is let in as there is room: never more at once than is known to be borne, and each in the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Crowd } from "./crowd.ts";

function scene(limit: number | undefined) {
  const woken: number[] = [];
  const counters: { limit?: number } = limit === undefined ? {} : { limit };
  const crowd = new Crowd(counters, { wake: (count) => void woken.push(count) });
  return { crowd, counters, woken };
}

test("where nothing is learnt nobody is in the way", () => {
  const { crowd } = scene(undefined);
  for (let i = 0; i < 500; i++) crowd.enter();
  assert.equal(crowd.isFull, false);
});

test("as many as the limit go in, and as one leaves the next is woken", () => {
  const { crowd, woken } = scene(2);
  crowd.enter();
  assert.equal(crowd.isFull, false);
  crowd.enter();
  assert.equal(crowd.isFull, true);
  crowd.leave();
  assert.deepEqual(woken, [1]);
});

test("a limit that has grown lets more in, one that has shrunk none", () => {
  const { crowd, counters, woken } = scene(3);
  for (let i = 0; i < 3; i++) crowd.enter();
  counters.limit = 5;
  crowd.leave();
  assert.deepEqual(woken, [3]);
  counters.limit = 1;
  crowd.leave();
  assert.deepEqual(woken, [3]);
});
