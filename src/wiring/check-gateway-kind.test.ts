// A config that asks of HAProxy what it is not told is refused, key by key.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkGatewayKind } from "./check-gateway-kind.ts";

const at = (config: Readonly<Record<string, unknown>>): readonly string[] =>
  checkGatewayKind(config).map((finding) => finding.at.join("."));

const services = { web: { port: 80, gateway: { balance: { kind: "hash" }, shed: {} } }, db: {} };

test("each key that HAProxy is not told is named", () => {
  const gateway = { kind: "haproxy" };
  assert.deepEqual(at({ gateway, services, toxiproxy: {} }), [
    "services.web.gateway.balance",
    "services.web.gateway.shed",
    "toxiproxy",
  ]);
  assert.deepEqual(at({ gateway, services: { web: { port: 80 } } }), []);
});

test("our own gateway takes them, and has no use for a binary", () => {
  assert.deepEqual(at({ services, toxiproxy: {} }), []);
  assert.deepEqual(at({ gateway: { binary: "/usr/sbin/haproxy" } }), ["gateway.binary"]);
});
