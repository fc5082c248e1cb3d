// What is said of sharing out requests has a meaning, or is refused; and defaults are filled in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkGateway } from "./check-gateway.ts";
import { toBalancing } from "./resolve-gateway-balancing.ts";
import { checkShape } from "./shape.ts";

const services = {
  "web-next": { command: "node next.js", probe: { http: "/health" } },
  worker: { command: "node worker.js" },
  nightly: { command: "node nightly.js", job: {} },
};

function said(gateway: object): readonly string[] {
  const web = { command: "node web.js", port: 8_080, gateway };
  const config = { services: { web, ...services } };
  const { findings } = checkShape(config);
  return [...findings, ...checkGateway(config, "/project")].map(
    ({ at, expected, got }) => `${at.slice(3).join(".")}: expected ${expected}, got ${got}`,
  );
}

test("what fits is taken", () => {
  const all = {
    balance: { hash: { cookie: "cart" }, load: 1.5 },
    slowStart: "30s",
    outlier: { failures: 5, successRate: {} },
    retry: { budget: 0.1, minPerSecond: 5, methods: ["POST"], idempotencyKey: true, on: ["reset"] },
    split: {
      weights: { web: 90, "web-next": 10 },
      sticky: { cookie: "hs-release" },
      override: { header: "X-Release" },
    },
  };
  assert.deepEqual(said(all), []);
  assert.deepEqual(toBalancing(all as never), {
    balance: { kind: "hash", key: { by: "cookie", name: "cart" }, load: 1.5, slowStartMs: 30_000 },
    outlier: {
      ...{ failures: 5, intervalMs: 10_000, firstMs: 10_000, maxMs: 300_000, maxShare: 0.5 },
      successRate: { factor: 1.9, instances: 5, requests: 100 },
    },
    retry: {
      ...{ tries: 3, budget: 0.1, minPerSecond: 5, on: ["reset"] },
      ...{ methods: ["POST"], idempotencyKey: true },
    },
    split: {
      weights: { web: 90, "web-next": 10 },
      sticky: { by: "cookie", name: "hs-release" },
      override: "x-release",
    },
  });
  assert.deepEqual(toBalancing({}), {});
  assert.deepEqual(toBalancing({ balance: "least" }), { balance: { kind: "least" } });
});

test("releases are services that serve, the service itself among them", () => {
  const weights = (all: object): string => said({ split: { weights: all } }).join("\n");
  assert.equal(weights({ web: 1, "web-next": 0 }), "");
  assert.match(
    weights({ "web-next": 1 }),
    /weights\.web: expected a weight, which may be 0, got no/,
  );
  assert.match(weights({ web: 1, "web-nxt": 1 }), /web-nxt: expected "web-next", got "web-nxt"/);
  assert.match(weights({ web: 1, worker: 1 }), /worker: expected a service whose instances have a/);
  assert.match(
    weights({ web: 1, nightly: 1 }),
    /nightly: expected a service that serves, got a job/,
  );
  assert.match(weights({ web: 0, "web-next": 0 }), /weights: expected a weight above 0, got none/);
  assert.match(weights({ web: 1.5 }), /web: expected a whole number from 0 to 1000, got 1.5/);
});

test("one field or one cookie, and none where nobody reads the requests", () => {
  const both = { header: "a", cookie: "b" };
  assert.match(
    said({ balance: { hash: both } }).join(),
    /hash: expected a header or a cookie, got b/,
  );
  assert.match(said({ balance: { hash: {} } }).join(), /a header or a cookie, got neither/);
  const tcp = { protocol: "tcp", balance: { hash: "path" }, retry: {} };
  assert.equal(said(tcp).length, 2);
  assert.deepEqual(said({ protocol: "tcp", balance: { hash: "address" } }), []);
});

test("an ejection that can never come is refused", () => {
  const rate = (successRate: object): string => said({ outlier: { successRate } }).join();
  assert.equal(rate({}), "");
  assert.match(
    rate({ instances: 4 }),
    /factor: expected less than 1\.73, because none of 4 can be further from the mean, got 1\.9/,
  );
  assert.equal(rate({ instances: 3, factor: 1.2 }), "");
  assert.match(said({ outlier: { first: "6m" } }).join(), /first: expected at most 5m, got 6m/);
  assert.match(
    said({ outlier: { max: "5s" } }).join(),
    /max: expected at least outlier\.first, 10s/,
  );
});
