// Columns of numbers: every bit comes back, and what is smooth takes little room.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seeded } from "../../testing/seeded.ts";
import { decodeColumn, encodeColumn } from "./column.ts";

function through(values: readonly number[]): { readonly back: number[]; readonly bytes: number } {
  const bytes = encodeColumn(values, 0, values.length).slice();
  const back = new Float64Array(values.length);
  decodeColumn(bytes, values.length, back);
  return { back: [...back], bytes: bytes.length };
}

const cents = fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 100);

test("any numbers come back as they were (property)", () => {
  const kinds = [fc.double(), cents, fc.integer(), fc.constantFrom(0, -0, 1, Number.NaN, 2 ** 60)];
  const lists = fc.oneof(...kinds.map((kind) => fc.array(kind, { maxLength: 40 })));
  fc.assert(
    fc.property(fc.oneof(lists, fc.array(fc.oneof(...kinds), { maxLength: 40 })), (values) => {
      assert.deepEqual(through(values).back, values);
    }),
    { numRuns: 300 },
  );
});

test("values at the edges of what is whole come back", () => {
  const edges = [2 ** 50, -(2 ** 50), 2 ** 50 - 1, 2 ** 53, 0.1, 1e-9, 5e-324, 1.7e308, 4_096];
  for (const one of edges) {
    for (const other of edges) assert.deepEqual(through([one, other, one]).back, [one, other, one]);
  }
});

test("a regular clock takes next to nothing, a jittering one a byte and a half", () => {
  const random = seeded(1);
  const regular = Array.from({ length: 120 }, (_, i) => 1.7e12 + i * 1_000);
  const jitter = regular.map((it) => it + Math.floor(random() * 10));
  assert.ok(through(regular).bytes <= 26, `${through(regular).bytes}`);
  assert.ok(through(jitter).bytes <= 120, `${through(jitter).bytes}`);
});

test("smooth values take under a byte and a half, jumps in what is constant next to nothing", () => {
  const random = seeded(2);
  let level = 400;
  const walk = Array.from({ length: 120 }, () => {
    level += Math.round((random() - 0.5) * 40);
    return level / 10;
  });
  assert.ok(through(walk).bytes <= 140, `${through(walk).bytes}`);
  const steps = Array.from({ length: 120 }, (_, i) => (i < 60 ? 73_400_320 : 91_226_112));
  assert.ok(through(steps).bytes <= 30, `${through(steps).bytes}`);
});

test("cut bytes are refused", () => {
  const bytes = encodeColumn([1, 5, 9.25, 3, 77], 0, 5).slice();
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => decodeColumn(bytes.subarray(0, length), 5, new Float64Array(5)),
      RangeError,
      `${length}`,
    );
  }
});
