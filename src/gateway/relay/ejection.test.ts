// The step back from an instance whose connections fail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterFailure, notEjected } from "./ejection.ts";

test("an ejection doubles from 1 s to 10 s, each one counted once", () => {
  let ejection = notEjected;
  let now = 0;
  const lengths = [];
  for (let i = 0; i < 6; i++) {
    ejection = afterFailure(ejection, now);
    assert.equal(afterFailure(ejection, now + 1), ejection, "failures of the same moment are one");
    lengths.push(ejection.untilMs - now);
    now = ejection.untilMs;
  }
  assert.deepEqual(lengths, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});
