// What a route says of sharing out comes over the wire as it was sent, and nothing else does.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BalancedRoute } from "../../protocol/gateway-balancing.ts";
import { balancing, balancingStats, place } from "./balancing.ts";

const whole: BalancedRoute = {
  balance: { kind: "hash", key: { by: "cookie", name: "cart" }, load: 1.5, slowStartMs: 30_000 },
  zone: "a",
  outlier: {
    ...{ failures: 5, intervalMs: 10_000, firstMs: 10_000, maxMs: 60_000, maxShare: 0.5 },
    successRate: { factor: 1.9, instances: 5, requests: 100 },
  },
  retry: {
    ...{ tries: 3, budget: 0.2, minPerSecond: 10, on: ["reset", "hung"] },
    ...{ methods: ["POST"], idempotencyKey: true },
  },
  split: {
    weights: { web: 90, "web-next": 10 },
    sticky: { by: "cookie", name: "hs-release" },
    override: "x-release",
  },
};

test("everything comes back as it was sent, and nothing from nothing", () => {
  assert.deepEqual(balancing(JSON.parse(JSON.stringify(whole)), "route"), whole);
  assert.deepEqual(balancing({}, "route"), {});
  assert.deepEqual(place({ release: "web", zone: "a" }, "up"), { release: "web", zone: "a" });
  const stats = { overBudget: 1, spilled: 2, interrupted: { "GET waiting lost": 3 } };
  assert.deepEqual(balancingStats(stats, "stats"), stats);
});

test("what does not fit is refused, with its place", () => {
  const refused = (over: object, text: RegExp): void => {
    assert.throws(() => balancing({ ...over }, "route"), text);
  };
  refused({ balance: { kind: "random" } }, /route\.balance\.kind: expected least, round-robin or/);
  refused({ balance: { kind: "hash" } }, /route\.balance\.key: expected a key, got nothing/);
  refused({ balance: { kind: "hash", key: { by: "header" } } }, /key\.name: expected text/);
  refused({ balance: { kind: "least", load: 0.5 } }, /load: expected a number from 1 to 100/);
  refused({ outlier: { ...whole.outlier, maxMs: 1 } }, /maxMs: expected a number from 10000/);
  refused({ retry: { ...whole.retry, on: ["connect"] } }, /on\[0\]: expected reset or hung/);
  refused({ split: { weights: { web: 0.5 } } }, /weights\.web: expected a whole number/);
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`r${i}`, 1]));
  refused({ split: { weights: many } }, /weights: expected at most 16 names, got 17/);
});
