// What an app gives fits every part that is no part of it, whichever of it the part has a use for.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { appWorld } from "../../../test/support/app-world.ts";
import {
  backups,
  createCheckpoints,
  createLeader,
  createTuning,
  memoryLease,
  preflight,
  singleInstance,
} from "../index.ts";
import {
  cronitorReporter,
  debugErrorRoute,
  errorPages,
  heartbeatPing,
  influxSink,
  peerHeartbeats,
  relay,
  sentryReporter,
} from "../integrations.ts";

const folder = mkdtempSync(join(tmpdir(), "around-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const { app } = appWorld();
const around = app.around("part");
const url = "http://127.0.0.1:9";
async function* nothing(): AsyncGenerator<never> {}

const parts: Readonly<Record<string, () => unknown>> = {
  leader: () => createLeader({ ...around, lease: memoryLease(), name: "jobs" }),
  backups: () => backups({ ...around, folder, from: () => "" }),
  checkpoints: () => createCheckpoints({ ...around, folder }),
  tuning: () => createTuning({ ...around }),
  preflight: () => preflight({ it: () => true }, { ...around }),
  "single instance": () => singleInstance({ ...around, file: join(folder, "lock") }),
  "error tracker": () => sentryReporter({ ...around, dsn: "http://key@127.0.0.1:9/1" }),
  "error pages": () => errorPages({ ...around, capture: app.capture }),
  "debug route": () => debugErrorRoute({ ...around }),
  heartbeat: () => heartbeatPing({ ...around, url }),
  cronitor: () => cronitorReporter({ ...around, key: "key", monitor: "shop" }),
  influx: () => influxSink({ ...around, url, db: "shop" })[Symbol.dispose](),
  peers: () => peerHeartbeats({ ...around, maxSilentMs: 1_000 })[Symbol.dispose](),
  relay: () => relay({ ...around, name: "r", from: nothing(), to: () => {}, process: (it) => it }),
};

for (const [name, make] of Object.entries(parts)) {
  it(`${name} takes it`, async () => {
    await make();
  });
}

it("a slip is told all the same", () => {
  const slip = { ...around, folder, kep: 3 };
  assert.throws(() => createCheckpoints(slip), { message: /there is no option "kep"/ });
});
