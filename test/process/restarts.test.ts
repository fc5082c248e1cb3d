// A share of `npm run sim -- --restart`: days of ends, people and dying daemons break no rule.
import assert from "node:assert/strict";
import { it } from "node:test";
import { playRestarts } from "../../sim/restart/play.ts";

/** Seeds that once broke a rule, and those after them. */
const seeds = [68, 74, 118, 129, 165, 437, 501, 503];

it("no rule of restarts is broken in a simulated day", async () => {
  for (const seed of seeds) {
    const { failure } = await playRestarts({ seed, hours: 24 });
    assert.equal(
      failure,
      undefined,
      `npm run sim -- --restart --seeds 1 --from ${seed}: ${failure}`,
    );
  }
});
