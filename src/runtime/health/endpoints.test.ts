// What the endpoints answer, without a socket.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createEndpoints } from "./endpoints.ts";
import { createHealth, type Health } from "./health.ts";

async function looked(): Promise<Health> {
  const health = createHealth({ clock: simClock() });
  health.register("db", () => ({ status: "unhealthy", reason: "10.0.0.7 refused" }));
  health.register("queue", () => true, { dependsOn: ["db"], critical: false });
  health.register("disk", () => true, { kinds: ["live"] });
  await Promise.all(health.list().map(({ name }) => health.check(name)));
  return health;
}

test("the status is 200 or 503, nothing is stored, and the body names each check", async () => {
  const endpoints = createEndpoints({ health: await looked() });
  const answer = await endpoints.respond("/ready?verbose=1");
  assert.equal(answer?.status, 503);
  assert.deepEqual(answer?.headers, {
    "content-type": "application/health+json; charset=utf-8",
    "cache-control": "no-store",
  });
  const time = "2026-01-01T00:00:00.000Z";
  assert.deepEqual(JSON.parse(answer?.body ?? ""), {
    status: "fail",
    health: "unhealthy",
    checks: {
      db: [{ status: "fail", health: "unhealthy", critical: true, since: time, time }],
      queue: [{ status: "warn", health: "unknown", critical: false, since: time, time }],
    },
  });
  const live = await endpoints.respond("/live");
  assert.equal(live?.status, 200);
  assert.equal(JSON.parse(live?.body ?? "").status, "pass");
});

test("details are told only as configured", async () => {
  const health = await looked();
  const body = async (details: "none" | "status" | "full"): Promise<string> =>
    (await createEndpoints({ health, details }).respond("/health"))?.body ?? "";
  assert.equal(await body("none"), '{"status":"fail","health":"unhealthy"}\n');
  assert.doesNotMatch(await body("status"), /10\.0\.0\.7/);
  const full = JSON.parse(await body("full"));
  assert.equal(full.output, "db is unhealthy: 10.0.0.7 refused");
  assert.equal(full.checks.db[0].output, "10.0.0.7 refused");
  assert.equal(full.checks.db[0].observedUnit, "ms");
  assert.deepEqual(full.checks.queue[0].dependsOn, ["db"]);
});

test("a status that is degraded answers 200 and says warn", async () => {
  const health = createHealth({ clock: simClock() });
  health.register("disk", () => ({ status: "degraded", reason: "9 % free" }));
  await health.check("disk");
  const answer = await createEndpoints({ health }).respond("/health");
  assert.equal(answer?.status, 200);
  assert.equal(JSON.parse(answer?.body ?? "").status, "warn");
});

test("/metrics shows what is given, in the type that is given; its error is not the probe's", async () => {
  const health = createHealth({ clock: simClock() });
  const text = createEndpoints({ health, metrics: () => "up 1\n" });
  const plain = await text.respond("/metrics");
  assert.equal(plain?.body, "up 1\n");
  assert.equal(plain?.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");

  const asked: string[] = [];
  const open = createEndpoints({
    health,
    metrics: async (accept) => {
      asked.push(accept);
      return { contentType: "application/openmetrics-text; version=1.0.0", text: "# EOF\n" };
    },
  });
  const answer = await open.respond("/metrics", "application/openmetrics-text");
  assert.equal(answer?.headers["content-type"], "application/openmetrics-text; version=1.0.0");
  assert.deepEqual(asked, ["application/openmetrics-text"]);

  const logged: Entry[] = [];
  const log = createLog({ level: "info", wall: () => 0, write: (entry) => logged.push(entry) });
  const broken = createEndpoints({
    health,
    log,
    metrics: () => {
      throw new Error("secret path");
    },
  });
  const failed = await broken.respond("/metrics");
  assert.equal(failed?.status, 500);
  assert.equal(failed?.body, "the metrics could not be written\n");
  assert.equal(logged[0]?.fields.error, "secret path");
});

test("paths can be moved and taken away; what is not ours is not answered", async () => {
  const health = createHealth({ clock: simClock() });
  const endpoints = createEndpoints({ health, paths: { live: "/healthz", startup: false } });
  assert.deepEqual(endpoints.paths, ["/health", "/healthz", "/ready"]);
  assert.equal((await endpoints.respond("/healthz"))?.status, 200);
  assert.equal(await endpoints.respond("/live"), undefined);
  assert.equal(await endpoints.respond("/metrics"), undefined);
  assert.equal(await endpoints.respond("/healthz/x"), undefined);
  const wrong = (paths: Record<string, string>) => () => createEndpoints({ health, paths });
  assert.throws(wrong({ live: "healthz" }), { code: "OPTION_INVALID" });
  assert.throws(wrong({ live: "/ready" }), /\/ready cannot be the path of live and ready/);
});
