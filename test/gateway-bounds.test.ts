// What the config takes the gateway takes: one value that it refuses would leave all services without a route.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState } from "../src/controller/state.ts";
import { encodeLine, parseToGateway } from "../src/gateway/wire.ts";
import { simClock } from "../src/testing/sim-clock.ts";
import type { Config, ServiceConfig } from "../src/wiring/config.ts";
import { judge } from "../src/wiring/load.ts";
import { withTerms } from "../src/wiring/route-terms.ts";
import { routesOf } from "../src/wiring/routes.ts";

const web: ServiceConfig = { command: "sleep 5", port: 8_080, probe: { http: "/h" } };

const extremes: Readonly<Record<string, Partial<ServiceConfig>>> = {
  hold: { hold: "7d" },
  timeout: { timeout: "7d" },
  "slow start": { gateway: { slowStart: "7d" } },
  outlier: { gateway: { outlier: { first: "1.0005s", max: "7d", interval: 100.5 } } },
  shadow: { gateway: { shadow: { to: 9_000, timeout: "7d" } } },
  "retry after": { gateway: { shed: { retryAfter: "7d" } } },
  limits: {
    gateway: {
      limits: { headBytes: 1_048_576, bodyBytes: 2 ** 50, request: "7d", keepAlive: "7d" },
      ...{ zone: "a", zones: ["a", "b"] },
    },
  },
  "an empty field": {
    gateway: { faults: [{ share: 1, abort: 503, match: { header: { "x-test": "" } } }] },
  },
  "many proxies": {
    gateway: { acceptProxy: Array.from({ length: 100 }, (_, i) => `10.0.${i}.0/24`) },
  },
  "a long probe": { probe: { http: `/${"a".repeat(1_500)}` }, gateway: { shed: {} } },
};

for (const [name, over] of Object.entries(extremes)) {
  test(`the gateway takes over: ${name}`, async () => {
    const config: Config = { services: { web: { ...web, ...over } } };
    const resolved = await judge(config, "homeostat.json", {
      ...{ folder: import.meta.dirname, env: { PATH: process.env.PATH }, clock: simClock() },
    });
    const terms = { beganAtMs: 1, nowMs: 2, logFile: "/project/gateway.log" };
    const routes = withTerms(routesOf(emptyState, resolved), terms);
    const line = encodeLine({ kind: "config", config: { version: 1, routes } }).trim();
    const { kind } = parseToGateway(line);
    assert.equal(kind, "config");
  });
}
