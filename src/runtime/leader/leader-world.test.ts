// Never two leaders: drifting clocks, lost and late answers, cuts and stalls, from seeds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { weathers } from "../../../test/support/leader-world.ts";

const bad = { forMs: 60_000, drift: 0.05, loss: 0.1, stallMs: 1_000 };

test("never two lead at the same instant, whatever the weather (seeded)", async () => {
  const { terms, overlaps, stalledOverlaps } = await weathers([4, 17, 43], bad);
  assert.ok(terms >= 8, `${terms} terms`);
  assert.equal(overlaps + stalledOverlaps, 0, "clocks ±5 %, stalls of up to a tenth of the ttl");
});

test("without the margin two lead: the weather is bad enough to tell", async () => {
  const { overlaps } = await weathers([4, 43], { ...bad, margin: 0 });
  assert.ok(overlaps > 0);
});

test("who stands still for longer cannot know: only the fencing token keeps its writes out", async () => {
  const long = { ...bad, forMs: 120_000, stallMs: 40_000 };
  const { overlaps, stalledOverlaps, refused } = await weathers([1, 2, 3], long);
  assert.equal(overlaps, 0, "of those that run, never two");
  assert.ok(stalledOverlaps > 0, "the assumption is broken here");
  assert.ok(refused > 0, "and the token catches what comes of it");
});
