// The ring of points: as a list that forgets its oldest, whatever is added.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRing } from "./ring.ts";

test("it says what a list of the last points would say", () => {
  const steps = fc.array(fc.tuple(fc.nat(5_000), fc.integer({ min: 0, max: 100_000 })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), steps, fc.nat(200_000), (most, added, from) => {
      const ring = createRing(most);
      const list: (readonly [number, number])[] = [];
      let atMs = 1_700_000_000_000;
      const fromMs = atMs + from;
      for (const [laterMs, value] of added) {
        atMs += laterMs;
        ring.add(atMs, value);
        list.push([atMs, value]);
      }
      const wanted = list.slice(-most).filter(([at]) => at >= fromMs);
      assert.deepEqual(ring.since(fromMs), {
        at: wanted.map(([at]) => at),
        values: wanted.map(([, value]) => value),
      });
    }),
    { seed: 7, numRuns: 60 },
  );
});

test("after 49 days without a point it starts anew", () => {
  const ring = createRing(4);
  ring.add(1_000, 1);
  ring.add(1_000 + 2 ** 32, 2);
  assert.deepEqual(ring.since(0), { at: [1_000 + 2 ** 32], values: [2] });
});
