// What a config may say about spares and held sockets, what it means, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";
import { heldPort } from "./resolve-downtime.ts";

const folder = import.meta.dirname;

function load(services: Record<string, object>): Promise<Resolved> {
  const all = Object.entries(services).map(([name, it]) => [name, { command: "sleep 5", ...it }]);
  const { PATH } = process.env;
  const config = { services: Object.fromEntries(all) };
  return judge(config, "homeostat.json", { folder, env: { PATH }, clock: simClock() });
}

async function problems(services: Record<string, object>): Promise<readonly string[]> {
  try {
    await load(services);
    return [];
  } catch (error) {
    assert.ok(error instanceof HomeostatError);
    const found = error.details as readonly Problem[];
    return found.map(({ path, expected, got }) => `${path}: ${expected} | ${got}`);
  }
}

test("spares are instances beside the replicas", async () => {
  const { policy } = await load({ web: { port: 27_001, replicas: 2, spares: 1 }, db: {} });
  const { replicas, spares } = policy.services.web ?? assert.fail();
  assert.deepEqual({ replicas, spares }, { replicas: 3, spares: 1 });
  assert.equal("spares" in (policy.services.db ?? {}), false);
});

test("a socket has a name and an absolute place; of one instance it is the port that is probed", async () => {
  const sockets = [{ path: "run/web.sock" }, { name: "http", port: 27_002, host: "::" }];
  const { services } = await load({ web: { sockets } });
  assert.deepEqual(services.web?.sockets, [
    { name: "web", path: `${folder}/run/web.sock` },
    { name: "http", host: "::", port: 27_002 },
  ]);
  assert.equal(heldPort(services.web ?? {}, 1), 27_002);
  assert.equal(heldPort(services.web ?? {}, 2), undefined);
  assert.equal(heldPort({ ...services.web, port: 80 }, 1), undefined);
});

test("what cannot be is told with its place", async () => {
  const found = await problems({
    a: { spares: 1 },
    b: { sockets: [{ port: 27_003, path: "x" }, {}] },
    c: { sockets: [{ port: 27_004, host: "1.2.3" }] },
    d: { sockets: [{ path: "x".repeat(200) }] },
    e: { sockets: [{ port: 27_004 }] },
    f: { replicas: 2, sockets: [{ port: 27_005 }], probe: { http: "/" } },
    g: { sockets: [{ path: "g.sock" }], probes: { liveness: { tcp: true } } },
    h: { job: {}, sockets: [{ port: 7_700 }] },
    i: { sockets: [] },
    j: { spares: 9, port: 27_006 },
  });
  const paths = found.map((line) => line.slice(0, line.indexOf(":")));
  assert.deepEqual(
    paths.toSorted(),
    [
      "services.a.spares",
      "services.b.sockets[0]",
      "services.b.sockets[1]",
      "services.c.sockets[0].host",
      "services.d.sockets[0].path",
      "services.e.sockets[0].port",
      "services.f.probe.http",
      "services.g.probes.liveness.tcp",
      "services.h.sockets",
      "services.h.sockets[0].port",
      "services.i.sockets",
      "services.j.spares",
    ].toSorted(),
  );
  assert.match(found.join("\n"), /27004, which c has/);
  assert.match(found.join("\n"), /7700, which the dashboard has/);
  assert.match(found.join("\n"), /because the instances share their sockets/);
});

test("several instances on one socket may be asked in another way", async () => {
  const sockets = [{ port: 27_007 }];
  assert.deepEqual(
    await problems({
      own: { replicas: 2, sockets, probe: { exec: ["sleep", "0"] } },
      routed: { replicas: 2, port: 27_008, sockets: [{ path: "r.sock" }], probe: { http: "/" } },
      elsewhere: {
        replicas: 2,
        sockets: [{ port: 27_009 }],
        probes: { liveness: { http: { path: "/", port: 9_000 } } },
      },
    }),
    [],
  );
});
