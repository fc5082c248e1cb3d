// The gateway is kept alive: one attempt at a time, the hanging replaced, lost routes sent again.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hello } from "../gateway/greeting.ts";
import type { GatewayLink } from "../gateway/link.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { createLog } from "../kernel/log.ts";
import { gatewayTarget } from "../model/target.ts";
import { gatewayProtocol, type Route } from "../protocol/gateway.ts";
import { heldName } from "../protocol/gateway-held.ts";
import { type FakeProcess, fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { type GatewayProcess, keepGateway } from "./gateway-process.ts";

const place = { host: "127.0.0.1", port: 8_080 };
const route: Route = { service: "web", ...place, upstreams: [], holdMs: 1, timeoutMs: 1 };
const held = [heldName(place)];
const path = "/here/gateway.sock";

interface Scene {
  readonly speaks: () => boolean;
  /** Whether a new one can open what the old one has. */
  readonly opens?: () => boolean;
  readonly hello?: Partial<Hello>;
}

/** Who listens on a path is whoever was put there last; the others answer aside. */
function scene({ speaks, opens = () => true, hello = {} }: Scene) {
  const clock = simClock(1_000);
  const platform = fakePlatform();
  const pushed: string[] = [];
  const errors: string[] = [];
  let placed: number | undefined;
  const silent = new HomeostatError("GATEWAY_ABSENT", "silence");
  const runs = (pid: number | undefined): boolean =>
    platform.running.some(({ identity }) => identity.pid === pid);
  const link = (at: string): GatewayLink => {
    let where = at;
    const answers = (): boolean => {
      const aside = /gw\.(\d+)$/.exec(where);
      return speaks() && runs(aside ? Number(aside[1]) : placed);
    };
    return {
      connected: true,
      push: async (routes) => {
        if (!answers()) throw silent;
        pushed.push(routes.map((it) => it.service).join());
        const problems = opens() ? [] : [{ service: "web", text: "EADDRINUSE" }];
        return { kind: "applied", version: pushed.length, problems };
      },
      stats: async () => {
        if (!answers()) throw silent;
        return { version: 0, routes: [], instances: [] };
      },
      inflight: async () => 0,
      moved: (to) => {
        where = to;
      },
      leave: () => {},
      onLost: () => {},
      close: () => {},
    };
  };
  const gateway: GatewayProcess = keepGateway({
    ...{ platform, clock, random: seeded(1), project: "here", link, socketPath: path },
    ...{ command: ["gateway"], cwd: "/", env: {}, logFile: "gateway.log", release: "now" },
    log: createLog({
      level: "error",
      wall: () => 0,
      write: ({ message }) => void errors.push(message),
    }),
    sockets: [{ name: heldName(place), ...place }],
    holds: true,
    greeting: async (where) => {
      const pid = where === path ? placed : undefined;
      if (pid === undefined || !speaks() || !runs(pid)) return undefined;
      const own = { protocol: gatewayProtocol, pid, version: 1, release: "now", held };
      return { kind: "hello", ...own, ...hello };
    },
    place: (pid) => {
      placed = pid;
    },
    unplace: () => {
      placed = undefined;
    },
  });
  const put = (one: FakeProcess): void => {
    placed = one.identity.pid;
  };
  return { clock, platform, gateway, pushed, errors, put, placed: () => placed };
}

test("a gateway that ends is started again at once, with its routes and its sockets", async () => {
  const it = scene({ speaks: () => true });
  void it.gateway.boot();
  it.gateway.sync([route]);
  await it.clock.advance(100);
  const [first] = it.platform.running;
  assert.ok(first);
  it.platform.end(first, { signal: "SIGKILL", code: null });
  await it.clock.advance(100);
  assert.equal(it.platform.started.length, 2);
  assert.deepEqual(it.pushed, ["web", "web"]);
  const [again] = it.platform.running;
  assert.deepEqual(again?.spec?.sockets, [{ name: held[0], ...place }]);
  assert.equal(it.placed(), again?.identity.pid);
});

test("a gateway that dies again and again is tried twice a second, not ever more often", async () => {
  const it = scene({ speaks: () => false });
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

test("boot takes over the gateway that answers in its place, and any other one has to leave", async () => {
  const it = scene({ speaks: () => true });
  const [, second] = [it.platform.place(gatewayTarget), it.platform.place(gatewayTarget)];
  it.put(second);
  await Promise.all([it.gateway.boot(), it.clock.advance(100)]);
  assert.deepEqual(it.platform.running, [second]);
  assert.deepEqual(it.platform.signals.slice(0, 1), ["SIGUSR2 @gateway 1"]);
});

test("boot gives a silent gateway three seconds, then starts another one, and goes on after 10 s", async () => {
  let speaks = false;
  const it = scene({ speaks: () => speaks });
  const first = it.platform.place(gatewayTarget);
  let booted = false;
  void it.gateway.boot().then(() => {
    booted = true;
  });
  await it.clock.advance(2_900);
  assert.deepEqual(it.platform.running, [first]);
  await it.clock.advance(9_000);
  assert.equal(booted, false);
  assert.equal(it.platform.running.includes(first), false);
  await it.clock.advance(2_000);
  assert.equal(booted, true);
  speaks = true;
  await it.clock.advance(2_000);
  assert.equal(it.placed(), it.platform.running[0]?.identity.pid);
  assert.match(it.errors.join("; "), /does not answer yet/);
});

test("boot replaces a gateway of another build, of another protocol, and one without its sockets", async () => {
  const old = [{ release: "before" }, { protocol: gatewayProtocol + 1 }, { held: [] }];
  for (const hello of [{}, ...old]) {
    const it = scene({ speaks: () => true, hello });
    const first = it.platform.place(gatewayTarget);
    it.put(first);
    it.gateway.sync([route]);
    await Promise.all([it.gateway.boot(), it.clock.advance(200)]);
    const isKept = it.platform.running.includes(first);
    assert.equal(isKept, Object.keys(hello).length === 0, JSON.stringify(hello));
    assert.equal(it.platform.running.length, 1);
    assert.equal(it.placed(), it.platform.running[0]?.identity.pid);
  }
});

test("a next gateway that cannot open what this one has does not take its place", async () => {
  let opens = true;
  const it = scene({ speaks: () => true, opens: () => opens });
  it.gateway.sync([route]);
  await Promise.all([it.gateway.boot(), it.clock.advance(100)]);
  const [first] = it.platform.running;
  opens = false;
  const failed = assert.rejects(it.gateway.renew(), /cannot open web/);
  await it.clock.advance(100);
  await failed;
  assert.deepEqual(it.platform.running, [first]);
  assert.equal(it.placed(), first?.identity.pid);
  opens = true;
  await Promise.all([it.gateway.renew(), it.clock.advance(100)]);
  assert.equal(it.platform.running.length, 1);
  assert.notEqual(it.placed(), first?.identity.pid);
});

test("a gateway that dies while the next one comes is not started again beside it", async () => {
  let speaks = true;
  const it = scene({ speaks: () => speaks });
  it.gateway.sync([route]);
  await Promise.all([it.gateway.boot(), it.clock.advance(100)]);
  const [first] = it.platform.running;
  assert.ok(first);
  speaks = false;
  const renewed = it.gateway.renew();
  await it.clock.advance(100);
  it.platform.end(first, { signal: "SIGKILL", code: null });
  await it.clock.advance(100);
  speaks = true;
  await Promise.all([renewed, it.clock.advance(100)]);
  assert.equal(it.platform.started.length, 2);
  assert.equal(it.platform.running.length, 1);
});

test("a gateway that hangs is ended and replaced, one that stumbles is not", async () => {
  let speaks = true;
  const it = scene({ speaks: () => speaks });
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
  const it = scene({ speaks: () => speaks });
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
  const it = scene({ speaks: () => false });
  void it.gateway.boot();
  it.gateway.sync([route]);
  const inStep = assert.rejects(it.gateway.inStep(), /did not take the routes/);
  await it.clock.advance(11_000);
  await inStep;
});
