// Counters that reset, stand still and go backwards in time.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { counterRate } from "./counter.ts";

test("growth is told by the second, and after a reset from 0", () => {
  assert.equal(counterRate({ atMs: 0, value: 100 }, { atMs: 10_000, value: 150 }), 5);
  assert.equal(counterRate({ atMs: 0, value: 100 }, { atMs: 10_000, value: 30 }), 3);
  assert.equal(counterRate({ atMs: 0, value: 7 }, { atMs: 500, value: 7 }), 0);
});

test("what cannot be told is not", () => {
  const at = { atMs: 5_000, value: 10 };
  assert.equal(counterRate(at, at), undefined);
  assert.equal(counterRate(at, { atMs: 4_000, value: 20 }), undefined);
  assert.equal(counterRate(at, { atMs: 6_000, value: Number.NaN }), undefined);
  assert.equal(counterRate(at, { atMs: 6_000, value: Number.POSITIVE_INFINITY }), undefined);
});

test("no rate is negative, whatever the counter did", () => {
  const count = fc.double({ min: 0, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(count, count, fc.integer({ min: 1, max: 1e9 }), (before, now, tookMs) => {
      const rate = counterRate({ atMs: 0, value: before }, { atMs: tookMs, value: now });
      return rate !== undefined && rate >= 0 && Number.isFinite(rate);
    }),
    { numRuns: 50 },
  );
});
