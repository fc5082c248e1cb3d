// What every reader of foreign bytes is held to: it answers or refuses, and nothing else.
import assert from "node:assert/strict";
import fc from "fast-check";
import { HomeostatError } from "../../src/kernel/errors.ts";

export function answersOrRefuses<T>(values: fc.Arbitrary<T>, read: (value: T) => unknown): void {
  fc.assert(
    fc.property(values, (value) => {
      try {
        read(value);
      } catch (error) {
        const isRefusal = error instanceof HomeostatError && error.code === "WIRE_SHAPE";
        assert.ok(isRefusal, String(error));
      }
    }),
    { numRuns: 40 },
  );
}

/** Sound bytes with some of them changed, cut off or doubled. */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Buffer> {
  const place = fc.nat({ max: bytes.length - 1 });
  const change = fc.tuple(place, fc.nat({ max: 255 }));
  return fc.tuple(fc.array(change, { maxLength: 4 }), place, fc.boolean()).map(([all, at, cut]) => {
    const made = Buffer.from(bytes);
    for (const [i, value] of all) made[i] = value;
    return cut ? made.subarray(0, at) : made;
  });
}
