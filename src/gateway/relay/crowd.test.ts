// Who waited looks again when an instance may be there, and not all go at once to one that is just ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isCrowded, worthALookAt } from "./crowd.ts";
import type { Serving } from "./serving.ts";

function serving(
  limit: number | undefined,
  ...ups: readonly (readonly [boolean, number, number])[]
) {
  const upstreams = ups.map(([isOpen, inflight, untilMs]) => ({
    ...{ isOpen, inflight, ejection: { untilMs } },
  }));
  return { counters: { limit }, upstreams } as unknown as Serving;
}

const never = Number.NEGATIVE_INFINITY;

test("where nothing is learnt nobody is in the way", () => {
  assert.equal(isCrowded(serving(undefined, [true, 500, never])), false);
  assert.equal(isCrowded(serving(10, [true, 6, never], [true, 3, never])), false);
  assert.equal(isCrowded(serving(10, [true, 6, never], [true, 4, never])), true);
});

test("it looks again when an ejected one may be tried, and not for one that was never ejected", () => {
  const one = serving(undefined, [true, 0, never], [true, 0, 300], [true, 0, 200], [false, 0, 150]);
  assert.equal(worthALookAt(one, 100), 200);
  assert.equal(worthALookAt(serving(undefined, [true, 0, never]), 100), Number.POSITIVE_INFINITY);
  assert.equal(worthALookAt(serving(1, [true, 1, never]), 100), 150, "room is looked for soon");
});
