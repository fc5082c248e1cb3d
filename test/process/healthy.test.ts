// A healthy shop is left alone, whatever a healthy shop goes through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { healthy } from "../../sim/healthy/healthy.ts";

test("half a minute of restarts, pauses and a failed probe: no action, no request lost", {
  timeout: 180_000,
}, async (t) => {
  const { refused, actions, symptoms, load } = await healthy({
    minutes: 0.5,
    seed: 1,
    say: (it) => t.diagnostic(it),
  });
  assert.deepEqual({ refused, actions, symptoms }, { refused: [], actions: [], symptoms: [] });
  const { lostIdempotent, lostUnsafe, errors } = load;
  assert.deepEqual(
    { lostIdempotent, lostUnsafe },
    { lostIdempotent: 0, lostUnsafe: 0 },
    JSON.stringify(errors),
  );
  assert.ok(load.sent > 300, `${load.sent} requests`);
});
