// Daemon and spawner are killed at random instants, and no service runs twice or ends unheard.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tortureSpawner } from "../../sim/kill-daemon/spawner.ts";

test("kills of daemon and spawner: nobody doubled, nobody lost, ends that were missed are known", {
  timeout: 120_000,
}, async (t) => {
  const found = await tortureSpawner({ kills: 12, seed: 1, services: 8, limitMs: 6_000 });
  const { faults, ...figures } = found;
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(faults, []);
  assert.ok(found.spawnerKills > 0 && found.known > 0, JSON.stringify(figures));
});
