// What a config means once its defaults are filled in, and whose word wins.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HealingPolicy, ServicePolicy } from "../model/policy.ts";
import type { Config, HealingConfig, ServiceConfig } from "./config.ts";
import { type Resolved, resolve, splitCommand } from "./resolve.ts";

const where = { folder: "/srv/My Shop", file: "homeostat.yaml" };

function resolved(service: Partial<ServiceConfig>, more: Partial<Config> = {}): Resolved {
  return resolve({ services: { web: { command: "node web.js", ...service } }, ...more }, where);
}

function policyOf(service: Partial<ServiceConfig>, more: Partial<Config> = {}): ServicePolicy {
  const policy = resolved(service, more).policy.services.web;
  assert.ok(policy);
  return policy;
}

function healing(own?: HealingConfig, outer?: HealingConfig): HealingPolicy {
  return policyOf(own ? { healing: own } : {}, outer ? { healing: outer } : {}).healing;
}

describe("resolve", () => {
  it("fills every default in", () => {
    const { policy, services, dashboard } = resolved({});
    assert.deepEqual(dashboard, { host: "127.0.0.1", port: 7_700 });
    assert.equal(policy.project, "my-shop");
    assert.deepEqual(services.web, {
      name: "web",
      command: ["node", "web.js"],
      cwd: "/srv/My Shop",
      env: {},
      process: {},
      gateway: { route: {} },
      features: {},
      stop: { signal: "SIGTERM", waitMs: 10_000 },
      holdMs: 5_000,
      timeoutMs: 30_000,
    });
    assert.deepEqual(policy.services.web, {
      name: "web",
      replicas: 1,
      dependsOn: [],
      routed: false,
      limits: { aheadMs: 14_400_000, forMs: 3_000 },
      restart: {
        when: "unexpected",
        expectedExits: [0],
        firstMs: 500,
        factor: 2,
        maxMs: 30_000,
        stableMs: 10_000,
        giveUp: { exits: 8, withinMs: 600_000 },
        loopExits: 3,
      },
      healing: {
        modes: {
          start: "auto",
          restart: "suggest",
          rollback: "suggest",
          degrade: "suggest",
          restore: "auto",
          page: "auto",
        },
        cooldown: { firstMs: 10_000, maxMs: 300_000 },
        strikes: 3,
        perHour: 3,
        maxUnhealthy: 0.5,
        verify: { healthyMs: 10_000, timeoutMs: 60_000 },
        approvalMs: 900_000,
        settleMs: 2_000,
      },
      configFiles: [],
      startupMs: 30_000,
      degradable: false,
    });
  });

  it("takes every setting over, durations in milliseconds", () => {
    const config: Partial<ServiceConfig> = {
      cwd: "apps/web",
      env: { LEVEL: "info", WORKERS: 2, FAST: true },
      port: 8_080,
      replicas: 3,
      probe: { http: "/health", interval: "2s", timeout: 250, failures: 5, startup: "1m30s" },
      limits: { p95: "600ms", errors: 0.1, cpu: 1.5, memoryMiB: 64, for: 0 },
      restart: { backoff: { factor: 3 }, giveUp: { exits: 4, within: "5m" }, expectedExits: [] },
      stop: { signal: "SIGINT", wait: 0 },
      hold: "8s",
      timeout: "1m",
      degradable: true,
    };
    const policy = policyOf(config);
    const service = resolved(config).services.web;
    assert.equal(service?.cwd, "/srv/My Shop/apps/web");
    assert.deepEqual(service.env, { LEVEL: "info", WORKERS: "2", FAST: "true" });
    assert.deepEqual(service.probe, { http: "/health", periodMs: 2_000, timeoutMs: 250 });
    assert.deepEqual(service.stop, { signal: "SIGINT", waitMs: 0 });
    assert.deepEqual([service.port, service.holdMs, service.timeoutMs], [8_080, 8_000, 60_000]);
    assert.deepEqual(policy.probe, { failures: 5, periodMs: 2_000 });
    assert.deepEqual(policy.limits, {
      p95Ms: 600,
      errorRatio: 0.1,
      cpuRatio: 1.5,
      rssBytes: 67_108_864,
      aheadMs: 14_400_000,
      memoryBytes: 67_108_864,
      forMs: 0,
    });
    assert.deepEqual(policy.restart.giveUp, { exits: 4, withinMs: 300_000 });
    assert.deepEqual([policy.restart.firstMs, policy.restart.factor], [500, 3]);
    assert.deepEqual(policy.restart.expectedExits, []);
    assert.deepEqual([policy.replicas, policy.routed, policy.degradable], [3, true, true]);
    assert.equal(policy.startupMs, 90_000);
  });

  it("keeps an absolute folder, and names a project whatever its folder is called", () => {
    assert.equal(resolved({ cwd: "/opt/web" }).services.web?.cwd, "/opt/web");
    const named = (folder: string): string =>
      resolve({ services: {} }, { folder, file: "x" }).policy.project;
    assert.equal(named("/srv/42 Ünits"), "nits");
    assert.equal(named("/"), "project");
    assert.equal(named(`/${"a".repeat(60)}`).length, 39);
    assert.equal(resolved({}, { project: "shop" }).policy.project, "shop");
  });

  it("lets the healing of a service win over that of all, key by key", () => {
    const outer: HealingConfig = {
      mode: "observe",
      modes: { restart: "auto" },
      cooldown: { first: "1s", max: "2m" },
      strikes: 7,
      verify: { healthy: "3s", timeout: "20s" },
    };
    const own: HealingConfig = {
      modes: { rollback: "auto" },
      cooldown: { first: "5s" },
      perHour: 9,
      verify: { timeout: "40s" },
    };
    const found = healing(own, outer);
    assert.deepEqual(found.cooldown, { firstMs: 5_000, maxMs: 120_000 });
    assert.deepEqual(found.verify, { healthyMs: 3_000, timeoutMs: 40_000 });
    assert.deepEqual([found.strikes, found.perHour], [7, 9]);
    assert.deepEqual(found.modes, {
      start: "observe",
      restart: "auto",
      rollback: "auto",
      degrade: "observe",
      restore: "observe",
      page: "auto",
    });
  });

  it("takes the nearer mode: the service's own before a single one of all", () => {
    const { modes } = healing({ mode: "suggest" }, { modes: { restart: "auto" }, mode: "auto" });
    assert.equal(modes.restart, "suggest");
    assert.equal(modes.start, "suggest");
    assert.equal(healing(undefined, { mode: "auto" }).modes.degrade, "auto");
    assert.equal(healing({ mode: "observe" }).modes.page, "auto");
  });
});

describe("splitCommand", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["node web.js", ["node", "web.js"]],
    ["  node \t web.js  --port 80 ", ["node", "web.js", "--port", "80"]],
    ["./run", ["./run"]],
    ["node web.js | tee log", ["/bin/sh", "-c", "node web.js | tee log"]],
    ["PORT=80 node web.js", ["/bin/sh", "-c", "PORT=80 node web.js"]],
    ['node "my app.js"', ["/bin/sh", "-c", 'node "my app.js"']],
    ["node *.js", ["/bin/sh", "-c", "node *.js"]],
    ["node ~/web.js", ["/bin/sh", "-c", "node ~/web.js"]],
    ["a && b", ["/bin/sh", "-c", "a && b"]],
    ["a\nb", ["/bin/sh", "-c", "a\nb"]],
  ];
  for (const [line, parts] of cases) {
    it(JSON.stringify(line), () => assert.deepEqual(splitCommand(line), parts));
  }
  it("leaves a list as it is", () => {
    assert.deepEqual(splitCommand(["node", "a b", "|"]), ["node", "a b", "|"]);
  });
});
