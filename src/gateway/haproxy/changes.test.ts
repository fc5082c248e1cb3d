// What is said to a running HAProxy: nothing without need, and who comes before who leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Route, Upstream, UpstreamState } from "../../protocol/gateway.ts";
import { changesOf } from "./changes.ts";
import type { Server } from "./tables.ts";

const up = (state: UpstreamState, port = 9_001): Upstream => ({ instance: "web/1", port, state });

const route = (...upstreams: readonly Upstream[]): readonly Route[] => [
  { service: "web", host: "127.0.0.1", port: 80, upstreams, holdMs: 1, timeoutMs: 1 },
];

const server = (name: string, state: Server["state"], port = 9_001): Server => ({
  ...{ back: "b-web", name, address: "127.0.0.1", port, state },
});

const serving = [
  server("web:1", "ready"),
  server("web:1:spare", "maint"),
  server("hold", "maint", 0),
];

test("nothing is said to what is as it should be", () => {
  assert.deepEqual(changesOf(route(up("ready")), serving), []);
});

test("whoever takes over comes before the other leaves", () => {
  assert.deepEqual(changesOf(route(up("spare")), serving), [
    "set server b-web/web:1:spare state ready",
    "set server b-web/web:1 state maint",
  ]);
  assert.deepEqual(changesOf(route(), serving), [
    "set server b-web/hold state ready",
    "set server b-web/web:1 state maint",
  ]);
});

test("a port that has changed is set before requests come to it", () => {
  const away = [
    server("web:1", "maint"),
    server("web:1:spare", "maint"),
    server("hold", "ready", 0),
  ];
  assert.deepEqual(changesOf(route(up("ready", 9_002)), away), [
    "set server b-web/web:1 addr 127.0.0.1 port 9002",
    "set server b-web/web:1 state ready",
    "set server b-web/web:1:spare addr 127.0.0.1 port 9002",
    "set server b-web/hold state maint",
  ]);
});

test("an instance that is new is added, and as a spare too", () => {
  assert.deepEqual(changesOf(route(up("draining")), [server("hold", "ready", 0)]), [
    "add server b-web/web:1 127.0.0.1:9001",
    "set server b-web/web:1 state drain",
    "add server b-web/web:1:spare 127.0.0.1:9001 backup",
  ]);
});
