// The small parts of the series store: blocks, counters that begin anew, digits that count.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBlock, type Entry, encodeBlock } from "./block.ts";
import { ratesOf } from "./counter.ts";
import { significant } from "./significant.ts";
import { joined, rollUp, stretchOfPoints } from "./stretch.ts";

test("a block gives each series back, and shared times take their room once", () => {
  const at = Float64Array.from({ length: 60 }, (_, i) => 1.7e12 + i * 1_000 + (i % 7));
  const other = at.map((it) => it + 3);
  const entry = (slot: number): Entry => {
    const values = Float64Array.from(at, (_, i) => (i * slot) / 8);
    return { slot, at: slot % 2 ? at : other, columns: [values], from: 5, to: 60 };
  };
  const entries = [0, 3, 4, 5, 63].map(entry);
  const bytes = encodeBlock(entries, 1);
  const found: number[] = [];
  decodeBlock(bytes, undefined, (slot, { count, at: times, columns }) => {
    const {
      at: whole,
      columns: [values],
    } = entry(slot);
    assert.deepEqual([...times.subarray(0, count)], Array.from(whole).slice(5));
    assert.deepEqual(
      [...(columns[0]?.subarray(0, count) ?? [])],
      Array.from(values ?? []).slice(5),
    );
    found.push(slot);
  });
  assert.deepEqual(found, [0, 3, 4, 5, 63]);
  const together = encodeBlock([entry(3), entry(5)], 1).length;
  const apart = encodeBlock([entry(3), { ...entry(5), at: other }], 1).length;
  assert.ok(together < apart - 20, `${together} bytes, not less than ${apart}`);
  for (let length = 0; length < bytes.length; length += 7) {
    assert.throws(() => decodeBlock(bytes.subarray(0, length), 63, () => {}), RangeError);
  }
});

test("a counter that fell has begun anew, and nothing is told across a gap", () => {
  const at = [0, 10, 20, 30, 5_000, 5_010].map((it) => it * 1_000);
  const rates = ratesOf(stretchOfPoints(at, [100, 150, 20, 20, 900, 910]), 60_000);
  assert.deepEqual(rates.at, [10_000, 20_000, 30_000, 5_010_000]);
  assert.deepEqual(rates.last, [5, 2, 0, 1]);
});

test("six digits that count stay, whole numbers as they are", () => {
  for (const [value, kept] of [
    [0.0312345678, 0.0312346],
    [123.456789, 123.457],
    [-0.1 - 0.2, -0.3],
    [1_234_567_891, 1_234_567_891],
    [999_999.96, 1_000_000],
    [5e-300, 5e-300],
    [0, 0],
  ] as const) {
    assert.equal(significant(value, 6), kept);
  }
  fc.assert(
    fc.property(fc.double({ min: 1e-8, max: 1e14, noNaN: true }), (value) => {
      assert.ok(Math.abs(significant(value, 6) - value) <= value * 5.1e-6);
    }),
    { numRuns: 200 },
  );
});

test("rolling up twice is rolling up once (property)", () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: -9, max: 9 }));
  fc.assert(
    fc.property(fc.uniqueArray(point, { selector: ([at]) => at, maxLength: 80 }), (points) => {
      const sorted = points.toSorted(([a], [b]) => a - b);
      const [at, values] = [sorted.map(([it]) => it * 100), sorted.map(([, it]) => it)];
      const whole = stretchOfPoints(at, values);
      assert.deepEqual(rollUp(rollUp(whole, 10_000), 60_000), rollUp(whole, 60_000));
      const half = sorted.length >> 1;
      const before = rollUp(stretchOfPoints(at.slice(0, half), values.slice(0, half)), 10_000);
      const after = rollUp(stretchOfPoints(at.slice(half), values.slice(half)), 10_000);
      assert.deepEqual(joined(before, after, 10_000), rollUp(whole, 10_000));
    }),
    { numRuns: 100 },
  );
});
