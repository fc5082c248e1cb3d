// The chain of times to end: own dump < own end ≤ wait for each service, and all of it < outer grace.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkContainer, checkStop } from "./check-stop.ts";
import type { Config } from "./config.ts";
import { toStop } from "./resolve-stop.ts";
import { pathText } from "./words.ts";

type Told = readonly (readonly [path: string, expected: string, got: string])[];

function told(findings: ReturnType<typeof checkStop>): Told {
  return findings.map(({ at, expected, got }) => [pathText(at), expected, got] as const);
}

const shop: Config = {
  services: {
    web: { command: "web", port: 80, dependsOn: ["api"], stop: { wait: "20s" } },
    api: { command: "api", dependsOn: { db: "ready" } },
    db: { command: "db", stop: { wait: "1m" } },
    alone: { command: "alone", stop: { wait: "80s" } },
  },
};

test("the longest way through the dependents, the gateway and the end make the time", () => {
  // web: 5 s of drain and 20 s; api 10 s; db 60 s; the gateway 6 s; the rest 2 s.
  assert.deepEqual(toStop(shop), { ms: 103_000, way: ["web", "api", "db"] });
  const { alone } = shop.services;
  assert.deepEqual(toStop({ services: { alone } as never }), { ms: 82_000, way: ["alone"] });
});

test("an outer grace that is not longer is an error that tells whose waits make it up", () => {
  assert.deepEqual(told(checkStop({ ...shop, stop: { grace: "104s" } })), []);
  const way = ": web, then api, then db, then Homeostat itself";
  assert.deepEqual(told(checkStop({ ...shop, stop: { grace: "103s" } })), [
    ["stop.grace", `more than the 1m43s that stopping everything takes at most${way}`, "1m43s"],
  ]);
});

test("in a container that nobody spoke of, Docker's 10 s hold", () => {
  const quick = { services: { web: { command: "web", stop: { wait: "7s" } } } };
  assert.deepEqual(told(checkContainer(quick)), []);
  assert.deepEqual(told(checkContainer({ services: { web: { command: "web" } } })), [
    [
      "stop.grace",
      "more than the 12s that stopping everything takes at most: web, then Homeostat itself",
      "nothing, and Docker waits 10s unless it is told",
    ],
  ]);
  assert.deepEqual(told(checkContainer({ ...shop, stop: { grace: "1s" } })), []);
});

test("what an app says of itself must come before SIGKILL, and in its order", () => {
  const of = (stop: object): Told => told(checkStop({ services: { web: { command: "x", stop } } }));
  assert.deepEqual(of({ dump: "20s", hard: "25s", wait: "25s" }), []);
  assert.deepEqual(of({ hard: "10001ms" }), [
    ["services.web.stop.hard", "at most stop.wait, 10s, when SIGKILL comes", "10s"],
  ]);
  assert.deepEqual(of({ dump: "5s", hard: "5s" }), [
    ["services.web.stop.dump", "less than stop.hard, 5s", "5s"],
  ]);
  assert.deepEqual(of({ dump: "30s", wait: "30s" }), [
    ["services.web.stop.dump", "less than stop.wait, 30s", "30s"],
  ]);
});

test("a circle of dependencies ends, and nonsense is passed over", () => {
  const circle = { a: { dependsOn: ["b"] }, b: { dependsOn: ["a"] } };
  assert.equal(checkStop({ services: circle, stop: { grace: "5m" } }).length, 0);
  assert.deepEqual(checkStop({ services: [1], stop: { grace: "soon" } }), []);
});
