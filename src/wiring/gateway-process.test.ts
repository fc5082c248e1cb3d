// The gateway is kept alive: one attempt at a time, the hanging replaced, lost routes sent again.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayLink } from "../gateway/link.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { createLog } from "../kernel/log.ts";
import { gatewayTarget } from "../model/target.ts";
import type { Route } from "../protocol/gateway.ts";
import { fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { type GatewayProcess, keepGateway } from "./gateway-process.ts";

const route: Route = {
  service: "web",
  host: "127.0.0.1",
  port: 8_080,
  upstreams: [],
  holdMs: 1,
  timeoutMs: 1,
};

/** `speaks` says whether the gateway answers at this moment. */
function scene(speaks: () => boolean) {
  const clock = simClock(1_000);
  const platform = fakePlatform();
  const pushed: string[] = [];
  const errors: string[] = [];
  const silent = new HomeostatError("GATEWAY_ABSENT", "silence");
  const link: GatewayLink = {
    connected: true,
    push: async (routes) => {
      if (!speaks()) throw silent;
      pushed.push(routes.map((it) => it.service).join());
      return { kind: "applied", version: pushed.length, problems: [] };
    },
    stats: async () => {
      if (!speaks()) throw silent;
      return { version: 0, routes: [], instances: [] };
    },
    inflight: async () => 0,
    onLost: () => {},
    close: () => {},
  };
  const gateway: GatewayProcess = keepGateway({
    platform,
    clock,
    random: seeded(1),
    log: createLog({
      level: "error",
      wall: () => 0,
      write: ({ message }) => void errors.push(message),
    }),
    project: "here",
    link,
    command: ["gateway"],
    cwd: "/",
    env: {},
    logFile: "gateway.log",
  });
  return { clock, platform, gateway, pushed, errors };
}

test("a gateway that ends is started again at once, with its routes", async () => {
  const it = scene(() => it.platform.running.length > 0);
  void it.gateway.boot();
  it.gateway.sync([route]);
  await it.clock.advance(100);
  const [first] = it.platform.running;
  assert.ok(first);
  it.platform.end(first, { signal: "SIGKILL", code: null });
  await it.clock.advance(100);
  assert.equal(it.platform.started.length, 2);
  assert.deepEqual(it.pushed, ["web", "web"]);
});

test("a gateway that dies again and again is tried twice a second, not ever more often", async () => {
  const it = scene(() => false);
  void it.gateway.boot();
  for (let ms = 0; ms < 60_000; ms += 100) {
    for (const one of [...it.platform.running]) it.platform.end(one, { code: 1 });
    await it.clock.advance(100);
  }
  const { length } = it.platform.started;
  assert.ok(length > 30 && length <= 121, `${length} starts in a minute`);
  await it.gateway.stop();
  await it.clock.advance(10_000);
  assert.equal(it.platform.started.length, length);
});

test("boot takes over a running gateway, and goes on without one after 10 s", async () => {
  let speaks = false;
  const it = scene(() => speaks);
  const first = it.platform.place(gatewayTarget);
  it.platform.place(gatewayTarget);
  let booted = false;
  void it.gateway.boot().then(() => {
    booted = true;
  });
  await it.clock.advance(9_000);
  assert.equal(booted, false);
  assert.deepEqual(it.platform.running, [first], "the second one was ended");
  await it.clock.advance(2_000);
  assert.equal(booted, true);
  speaks = true;
  await it.clock.advance(2_000);
  assert.equal(it.platform.started.length, 1, "the silent one was replaced");
  assert.match(it.errors.join("; "), /does not answer yet/);
});

test("a gateway that hangs is ended and replaced, one that stumbles is not", async () => {
  let speaks = true;
  const it = scene(() => speaks);
  void it.gateway.boot();
  await it.clock.advance(3_000);
  speaks = false;
  await it.clock.advance(3_000);
  speaks = true;
  await it.clock.advance(3_000);
  assert.equal(it.platform.started.length, 1);
  speaks = false;
  await it.clock.advance(6_000);
  assert.equal(it.platform.started.length, 2);
});

test("routes that were not taken are sent again without being asked", async () => {
  let speaks = true;
  const it = scene(() => speaks);
  void it.gateway.boot();
  await it.clock.advance(100);
  const before = it.pushed.length;
  speaks = false;
  it.gateway.sync([route]);
  await it.clock.advance(1_500);
  assert.equal(it.pushed.length, before);
  speaks = true;
  await it.clock.advance(1_500);
  assert.deepEqual(it.pushed.slice(before), ["web"]);
});

test("being in step is not claimed of a gateway that took nothing", async () => {
  const it = scene(() => false);
  void it.gateway.boot();
  it.gateway.sync([route]);
  const inStep = assert.rejects(it.gateway.inStep(), /did not take the routes/);
  await it.clock.advance(11_000);
  await inStep;
});
