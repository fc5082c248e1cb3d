// A small part of `npm run sim -- --restart`, for the fast suite: its rules hold, and it meets what it is for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { playRestarts } from "./play.ts";

test("hours of ends, people and dying daemons break no rule of restarts", async () => {
  const counts = { starts: 0, giveUps: 0, retries: 0 };
  for (const seed of [20]) {
    const trial = await playRestarts({ seed, hours: 4 });
    assert.equal(trial.failure, undefined, `seed ${seed}, 4 hours: ${trial.failure}`);
    for (const key of ["starts", "giveUps", "retries"] as const) counts[key] += trial.counts[key];
  }
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `no ${what}`);
});
