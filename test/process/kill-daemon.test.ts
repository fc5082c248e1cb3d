// The daemon is killed at random instants while its services fall ill, and keeps its promises.
import assert from "node:assert/strict";
import { test } from "node:test";
import { torture } from "../../sim/kill-daemon/torture.ts";

test("12 kills: nothing told is lost, nothing done twice, nobody doubled or orphaned", {
  timeout: 240_000,
}, async (t) => {
  const { faults, inAction, actions } = await torture({
    kills: 12,
    seed: 1,
    say: (it) => t.diagnostic(it),
  });
  const seen = Object.entries(faults).flatMap(([promise, texts]) =>
    texts.map((it) => `${promise}: ${it}`),
  );
  assert.deepEqual(seen, []);
  assert.ok(inAction > 0 && actions > 0, `${actions} actions, ${inAction} kills in one`);
});
