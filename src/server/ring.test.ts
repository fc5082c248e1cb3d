// The ring of rows: each series as a list that forgets what is older than the rows that are kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { add, addColumn, createRing, since } from "./ring.ts";

interface Row {
  readonly atMs: number;
  readonly values: readonly (number | undefined)[];
}

test("each series says what a list of the last rows would say", () => {
  // Values that stay, come back and are missing: most of what is measured does not change.
  const value = fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined });
  const steps = fc.array(fc.tuple(fc.nat(5_000), fc.array(value, { maxLength: 3 })), {
    ...{ maxLength: 200, size: "+2" },
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), steps, fc.nat(20_000), (most, added, from) => {
      const ring = createRing(most);
      const columns = [0, 1, 2].map(() => addColumn(ring));
      const list: Row[] = [];
      let atMs = 1_700_000_000_000;
      const fromMs = atMs + from;
      for (const [laterMs, values] of added) {
        if (values.every((it) => it === undefined)) continue;
        atMs += laterMs + 1;
        list.push({ atMs, values });
        for (const [i, column] of columns.entries()) {
          const it = values[i];
          if (it !== undefined) add(column, atMs, it);
        }
      }
      for (const [i, column] of columns.entries()) {
        const wanted = list
          .slice(-most)
          .flatMap(({ atMs: at, values: { [i]: it } }) => (it === undefined ? [] : [{ at, it }]))
          .filter(({ at }) => at >= fromMs);
        assert.deepEqual(since(column, fromMs), {
          at: wanted.map(({ at }) => at),
          values: wanted.map(({ it }) => it),
        });
      }
    }),
    { seed: 7, numRuns: 100 },
  );
});

test("two values of one series and one moment are two points", () => {
  const column = addColumn(createRing(4));
  for (const value of [1, 1, 2]) add(column, 5_000, value);
  assert.deepEqual(since(column, 0), { at: [5_000, 5_000, 5_000], values: [1, 1, 2] });
});

test("what never changes takes no room of its own, and its first change is seen", () => {
  const column = addColumn(createRing(900));
  for (let i = 0; i < 2_000; i++) add(column, i, 7);
  assert.equal(column.values, undefined);
  add(column, 2_000, 8);
  const { at, values } = since(column, 0);
  assert.deepEqual([at.length, at[0], values[0], values.at(-1)], [900, 1_101, 7, 8]);
});

test("after 49 days without a row all of it starts anew", () => {
  const ring = createRing(4);
  const [one, other] = [addColumn(ring), addColumn(ring)];
  const laterMs = 1_000 + 2 ** 32;
  for (const column of [one, other]) add(column, 1_000, 1);
  add(one, laterMs, 2);
  assert.deepEqual(since(other, 0), { at: [], values: [] });
  add(other, laterMs, 3);
  assert.deepEqual(since(one, 0), { at: [laterMs], values: [2] });
  assert.deepEqual(since(other, 0), { at: [laterMs], values: [3] });
});
