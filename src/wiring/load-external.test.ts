// What a config may say of what lies outside: every wrong value is told with its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";

const token = "0123456789abcdef";

function load(outside: object, web: object = {}): Promise<Resolved> {
  const services = { web: { command: "sleep 5", ...web } };
  const { PATH } = process.env;
  const options = { folder: "/", env: { PATH }, clock: simClock() };
  return judge({ services, ...outside }, "homeostat.json", options);
}

test("it is a service of the policy without instances, with defaults of its own", async () => {
  const external = { db: { tcp: "[::1]:5432", tellAfter: "5m" } };
  const {
    policy,
    external: found,
    services,
    drills,
  } = await load(external && { external }, {
    dependsOn: ["db"],
  });
  assert.deepEqual(found.db, {
    ...{ name: "db", tcp: "[::1]:5432", periodMs: 10_000, timeoutMs: 5_000 },
  });
  assert.deepEqual(Object.keys(services), ["web"]);
  const { db } = policy.services;
  assert.deepEqual([db?.external, db?.replicas], [true, 0]);
  assert.deepEqual(db?.probe, { failures: 3, successes: 2, periodMs: 10_000 });
  assert.equal(db?.healing.verify.timeoutMs, 300_000);
  assert.equal(drills.withinMs, 30_000);
});

test("heartbeat, watcher and goal are as they are written; a secret is in no policy", async () => {
  const url = "https://kuma.example.com/api/push/secret";
  const { heartbeat, kuma, drills, policy } = await load({
    ...{ heartbeat: { url, every: "30s" }, kuma: { token }, drills: { within: "10s" } },
    external: { front: { kuma: "Shop front" } },
  });
  assert.deepEqual(heartbeat, { url, everyMs: 30_000 });
  assert.deepEqual([kuma?.token, drills.withinMs], [token, 10_000]);
  assert.equal(policy.services.front?.probe, undefined);
  assert.doesNotMatch(JSON.stringify(policy), /secret|0123456789abcdef/);
});

const bad: readonly (readonly [outside: object, path: string, told: RegExp, web?: object])[] = [
  [{ external: { db: {} } }, "external.db", /one of http, tcp, exec and kuma.*none/],
  [{ external: { db: { tcp: "a:1", exec: ["x"] } } }, "external.db", /one of.*tcp and exec/],
  [{ external: { db: { tcp: "a" } } }, "external.db.tcp", /a host and a port/],
  [{ external: { db: { tcp: "a:70000" } } }, "external.db.tcp", /a host and a port/],
  [{ external: { db: { http: "ftp://a" } } }, "external.db.http", /an address such as/],
  [{ external: { db: { http: "http://u:p@a" } } }, "external.db.http", /without a user/],
  [{ external: { db: { kuma: "X" } } }, "external.db.kuma", /kuma: \{ token.*none/],
  [
    { kuma: { token }, external: { db: { kuma: "X", interval: "1s" } } },
    "external.db.interval",
    /one of http, tcp and exec beside it/,
  ],
  [
    { kuma: { token }, external: { a: { kuma: "X" }, b: { kuma: "X" } } },
    "external.b.kuma",
    /a monitor of its own.*which a has/,
  ],
  [{ external: { web: { tcp: "a:1" } } }, "external.web", /a name that no service has/],
  [{ external: { Db: { tcp: "a:1" } } }, "external.Db", /a name of small letters/],
  [{ external: { set: { tcp: "a:1" } } }, "external.set", /no group has/, { partOf: "set" }],
  [{ kuma: { token: "short" } }, "kuma.token", /16 to 512/],
  [{ heartbeat: { url: "kuma" } }, "heartbeat.url", /an address/],
  [{ heartbeat: { url: "http://a", every: "1ms" } }, "heartbeat.every", /from 1s/],
  [{ drills: { within: 0 } }, "drills.within", /a duration/],
  [
    { external: { db: { tcp: "a:1" } } },
    "services.web.dependsOn.db",
    /"ready", because no more is known/,
    { dependsOn: { db: "started" } },
  ],
];

for (const [outside, path, said, web] of bad) {
  test(`${JSON.stringify(web ?? outside)} is told at ${path}`, async () => {
    const error = await load(outside, web).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof HomeostatError);
    const problems = error.details as readonly Problem[];
    assert.deepEqual(
      problems.map((it) => it.path),
      [path],
    );
    const [{ expected, got } = { expected: "", got: "" }] = problems;
    assert.match(`${expected} · ${got}`, said);
  });
}
