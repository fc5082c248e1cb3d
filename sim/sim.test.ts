// A small part of `npm run sim`, for the fast suite: the invariants hold in sick and healthy worlds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { play } from "./play.ts";

for (const seed of [2, 5]) {
  test(`an hour and a half of a sick world keeps every invariant, seed ${seed}`, () => {
    const { failure, steps, promoted } = play({ seed, days: 0.06 });
    assert.equal(failure, undefined, `seed ${seed}: ${failure}`);
    assert.ok(steps > 100, `${steps} steps`);
    assert.ok(promoted > 0, "spares have taken over");
  });
}

test("a quarter of a healthy day causes no action", () => {
  const { failure, events } = play({ seed: 1, days: 0.25, healthy: true });
  assert.equal(failure, undefined);
  assert.equal(events.filter((event) => event.type === "action.intended").length, 0);
});
