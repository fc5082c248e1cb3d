// What Uptime Kuma tells, as it tells it: server/notification-providers/webhook.js of version 2.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readKuma } from "./kuma.ts";

const told = (status: unknown, more: object = {}): unknown => ({
  heartbeat: { status, msg: "connect ECONNREFUSED", time: "2026-01-01 00:00:00.000", ...more },
  monitor: { id: 1, name: "Shop front", type: "http" },
  msg: "[Shop front] [🔴 Down] connect ECONNREFUSED",
});

test("down and up are told with their reason", () => {
  const note = "connect ECONNREFUSED";
  assert.deepEqual(readKuma(told(0)), { monitor: "Shop front", isUp: false, note });
  assert.deepEqual(readKuma(told(1)), { monitor: "Shop front", isUp: true, note });
  const long = readKuma(told(0, { msg: "x".repeat(1_000) }));
  assert.equal("note" in long && long.note.length, 300);
});

test("pending is no news, and maintenance no sickness", () => {
  assert.ok("ignored" in readKuma(told(2)));
  const calm = readKuma(told(3));
  assert.deepEqual(calm, { monitor: "Shop front", isUp: true, note: "under maintenance" });
});

test("a test of the notification, and what is told of certificates, are taken and say nothing", () => {
  for (const heartbeat of [null, undefined]) {
    assert.ok("ignored" in readKuma({ heartbeat, monitor: null, msg: "Shop Testing" }));
  }
});

test("what is no notification is refused with its place", () => {
  assert.throws(() => readKuma(told(4)), /heartbeat.status: expected 0, 1, 2 or 3, got 4/);
  assert.throws(() => readKuma({ heartbeat: { status: 0 } }), /monitor.name: expected text/);
});
