// Which sockets are held, and what an instance is given of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { ListenSocket } from "../model/listen-socket.ts";
import { fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { ServiceSpec } from "./spec.ts";
import { createSupervisor } from "./supervisor.ts";

const http: ListenSocket = { name: "http", host: "127.0.0.1", port: 80 };
const local: ListenSocket = { name: "api", path: "/api.sock" };

const service = (over: Pick<ServiceSpec, "name"> & Partial<ServiceSpec>): ServiceSpec => ({
  ...{ replicas: 1, command: [over.name], cwd: "/", env: {}, wantsPort: true },
  ...{ dependsOn: [], startupMs: 10_000, isExpectedExit: () => false },
  stop: { signal: "SIGTERM", waitMs: 1_000 },
  ...over,
});

function scene(...services: readonly ServiceSpec[]) {
  const clock = simClock();
  const kept: (readonly string[])[] = [];
  const platform = {
    ...fakePlatform(),
    keepSockets: (addresses: readonly string[]): void => void kept.push(addresses),
  };
  const supervisor = createSupervisor({
    ...{ platform, clock, random: seeded(1), log: silentLog, project: "here", services },
    logFile: (target) => target,
    lastLines: () => [],
    emit: () => {},
    observe: () => {},
    drain: async () => {},
    beforeExit: () => {},
  });
  return { clock, platform, supervisor, kept };
}

test("an instance gets its service's sockets, and a port of them in place of a free one", async () => {
  const it = scene(service({ name: "web", sockets: [http], port: 80 }));
  await it.supervisor.start("web/1", "boot");
  const [{ spec } = {}] = it.platform.started;
  assert.deepEqual([spec?.sockets, spec?.port], [[http], 80]);
});

test("those of a service that people stop are closed: nobody would answer on them", async () => {
  const web = service({ name: "web", sockets: [http] });
  const it = scene(web, service({ name: "api", sockets: [local] }), service({ name: "db" }));
  it.supervisor.adopt({ anew: true, runs: new Map(), resting: new Set() });
  await it.supervisor.hold("web", "ada");
  assert.deepEqual(it.kept, [["127.0.0.1:80", "/api.sock"], ["/api.sock"]]);
  const next = scene(web, service({ name: "db" }));
  const held = new Map([["web", "ada"]]);
  next.supervisor.adopt({ anew: false, runs: new Map(), resting: new Set(), held });
  assert.deepEqual(next.kept, [[]], "and the next daemon leaves it so");
});
