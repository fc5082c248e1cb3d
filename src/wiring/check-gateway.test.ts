// What is said of traffic fits a port and a protocol, and reaches the gateway as whole paths.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configs are written so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkGateway } from "./check-gateway.ts";
import { toGateway } from "./resolve-gateway.ts";

const said = (gateway: object, service: object = { port: 8_080 }): readonly string[] =>
  checkGateway({ services: { web: { ...service, gateway } } }, "/project").map(
    ({ at, expected, got }) => `${at.join(".")}: expected ${expected}, got ${got}`,
  );

test("without a port there is no traffic to say anything of", () => {
  assert.match(said({}, {}).join(), /^services\.web\.gateway: expected a port beside it/);
  assert.deepEqual(said({}), []);
});

test("the PROXY protocol is told over tcp only, and accepted from networks", () => {
  assert.match(
    said({ sendProxy: "v2" }).join(),
    /web\.gateway\.sendProxy: expected protocol: "tcp"/,
  );
  assert.deepEqual(said({ sendProxy: "v2", protocol: "tcp" }), []);
  assert.deepEqual(said({ acceptProxy: ["unix", "::/0", "10.0.0.0/8", "127.0.0.1"] }), []);
  const wrong = said({ acceptProxy: ["10.0.0.0/33", "here", "1.2.3.4/", "1.2.3.4/8/8"] });
  assert.equal(wrong.length, 4);
  assert.match(wrong[0] ?? "", /acceptProxy\.0: .* got "10\.0\.0\.0\/33": not 0 to 32 bits$/);
});

test("each instance has a Unix socket of its own, short enough for Linux", () => {
  const several = { port: 8_080, replicas: 2 };
  assert.match(said({ instancePath: "web.sock" }, several).join(), /a path with \$\{index\} in it/);
  assert.deepEqual(said({ instancePath: "web-${index}.sock" }, several), []);
  assert.match(
    said({ path: "x".repeat(120) }).join(),
    /web\.gateway\.path: expected a shorter path/,
  );
});

test("paths are those of the project", () => {
  const resolved = toGateway(
    { path: "a.sock", instancePath: "/run/b.sock", protocol: "http" },
    "/p",
  );
  assert.deepEqual(resolved, { route: { path: "/p/a.sock" }, instancePath: "/run/b.sock" });
});

test("a socket file has one owner", () => {
  const b = (gateway: object): object => ({ port: 8_081, gateway });
  const both = (one: object, other: object): readonly string[] =>
    checkGateway({ services: { a: { port: 8_080, gateway: one }, b: b(other) } }, "/p").map(
      ({ at, got }) => `${at.join(".")}: ${got}`,
    );
  assert.deepEqual(both({ path: "a.sock" }, { path: "b.sock" }), []);
  const taken = 'services.b.gateway.path: "a.sock", as services.a.gateway.path';
  assert.deepEqual(both({ path: "a.sock" }, { path: "a.sock" }), [taken]);
  assert.equal(both({ path: "a.sock" }, { instancePath: "a.sock" }).length, 1);
  assert.equal(said({ path: "a.sock", instancePath: "a.sock" }).length, 1);
});

test("releases of one port speak the same to their instances", () => {
  const services = {
    a: { port: 8_080, gateway: { split: { weights: { a: 1, b: 1 } } } },
    b: { port: 8_081, gateway: { back: "h2c" } },
  };
  const [finding] = checkGateway({ services }, "/p");
  assert.equal(finding?.expected, "a service with the same back");
});
