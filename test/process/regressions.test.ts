// Plays the seeds of sim/regressions.ts again; apart from the fast suite because each takes half a second.
import assert from "node:assert/strict";
import { test } from "node:test";
import { play } from "../../sim/play.ts";
import { marksOf, regressions } from "../../sim/regressions.ts";

for (const { seed, days, found, meets } of regressions) {
  test(`seed ${seed} keeps every invariant when ${found}`, () => {
    const { failure, events } = play({ seed, days });
    assert.equal(failure, undefined);
    const marks = marksOf(events);
    const lost = meets.filter((mark) => !marks.has(mark));
    assert.deepEqual(lost, [], "its journal no longer holds these: look for another seed");
  });
}
