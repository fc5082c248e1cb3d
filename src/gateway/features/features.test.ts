// What each feature says of a request, and what it hears: without sockets and without a disk.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../kernel/log.ts";
import { seeded } from "../../kernel/random.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { Fault, Shed } from "../../protocol/gateway-features.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Asked } from "../relay/asked.ts";
import type { Account, FeatureParts } from "../relay/feature.ts";
import { createStats } from "../stats.ts";
import { createAccessLog } from "./access-log.ts";
import { faults } from "./faults.ts";
import { lineFile } from "./line-file.ts";
import { isUnder } from "./paths.ts";
import { endingOf, priorityOf, shed } from "./shed.ts";

function asked(path: string, fields: Readonly<Record<string, string>> = {}, method = "GET"): Asked {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return {
    head: {
      ...{ method, minor: 1, keepAlive: true, framing: "none", length: 0, expects: false },
      ...{ upgrades: fields.Upgrade !== undefined, id: "id-1" },
      text: `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines.join("")}\r\n`,
    },
    peer: { address: "10.1.2.3", port: 1, isSecure: false },
  };
}

function account(over: Partial<Account> = {}): Account {
  return {
    ...{ asked: asked("/"), outcome: "answered", status: 200, instance: "web/1", tries: 1 },
    ...{ startedAtMs: 0, endedAtMs: 12.34, waitedMs: 10 },
    ...over,
  };
}

function setting(over: Partial<Route>): { route: Route; parts: FeatureParts } {
  const route = { service: "web", host: "127.0.0.1", port: 80, upstreams: [], holdMs: 1 };
  const counters = createStats().route("web");
  const parts = { clock: simClock(), random: seeded(1), log: silentLog, counters };
  return {
    route: { ...route, timeoutMs: 1_000, ...over },
    parts: { ...parts, upstreams: () => [{ isOpen: true }] as unknown as [] },
  };
}

const rules: Shed = {
  ...{ initial: 5, min: 5, max: 5, retryAfterMs: 4_000, usual: "low", header: "x-priority" },
  paths: [
    { prefix: "/pay", priority: "high" },
    { prefix: "/", priority: "normal" },
  ],
  exempt: ["/health"],
};

test("a path holds itself and what lies under it, nothing that only begins so", () => {
  assert.ok(["/a", "/a/b", "/a?b=/c"].every((path) => isUnder(path, "/a")));
  assert.ok(!isUnder("/ab", "/a") && !isUnder("/", "/a"));
  assert.ok(isUnder("/a/b", "/a/") && !isUnder("/a", "/a/") && isUnder("/x", "/"));
});

test("priority: what others probe, then the field where it is believed, then the path", () => {
  const of = (path: string, fields = {}, over = {}) =>
    priorityOf(asked(path, fields), { ...rules, ...over });
  assert.equal(of("/health?x", { "X-Priority": "low" }), "exempt");
  assert.equal(of("/pay/1", { "X-Priority": "Critical" }), "critical");
  assert.equal(of("/pay/1", { "X-Priority": "most" }), "high");
  assert.equal(of("/other"), "normal");
  assert.equal(of("/other", {}, { paths: [] }), "low");
  const { header: _, ...deaf } = rules;
  assert.equal(priorityOf(asked("/pay", { "X-Priority": "low" }), deaf), "high");
});

test("who is turned away is told when to come again, not all the same, and counted", () => {
  const { route, parts } = setting({ shed: { ...rules, paths: [] } });
  const feature = shed.create(route, parts);
  const ask = (path = "/", fields = {}) => feature.admit?.(asked(path, fields), 0);
  for (let i = 0; i < 4; i++) assert.equal(ask(), undefined);
  const waits = new Set<string | undefined>();
  for (let i = 0; i < 50; i++) {
    const said = ask();
    assert.ok(said?.kind === "reply" && said.reply.status === 503);
    waits.add(said.reply.fields?.["retry-after"]);
  }
  assert.deepEqual([...waits].sort(), ["2", "3", "4", "5", "6"]);
  assert.equal(ask("/health"), undefined);
  assert.deepEqual(parts.counters.shed, { critical: 0, high: 0, normal: 0, low: 50 });
  assert.equal(parts.counters.limit, 5);
  // Streams are no work that waits.
  for (let i = 0; i < 20; i++) {
    assert.equal(ask("/", { Upgrade: "websocket" }), undefined);
    assert.equal(ask("/", { Accept: "text/event-stream" }), undefined);
  }
  assert.equal(ask("/", { "X-Priority": "high" }), undefined);
});

test("a place is free again when its request has ended, or is a stream by now", () => {
  const { route, parts } = setting({ shed: rules });
  const feature = shed.create(route, parts);
  const all = Array.from({ length: 5 }, () => asked("/"));
  for (const one of all) assert.equal(feature.admit?.(one, 0), undefined);
  assert.equal(feature.admit?.(asked("/"), 1)?.kind, "reply");
  for (const one of all.slice(1)) feature.ended?.(account({ asked: one }));
  assert.equal(feature.admit?.(asked("/"), 2), undefined);
  for (let i = 0; i < 3; i++) assert.equal(feature.admit?.(asked("/"), 3), undefined);
  assert.equal(feature.admit?.(asked("/"), 4)?.kind, "reply");
  assert.equal(feature.admit?.(asked("/"), 6_004), undefined);
});

test("what the end of a request tells of the load", () => {
  assert.equal(endingOf(account(), 5), "answered");
  assert.equal(endingOf(account({ status: 503 }), 5), "answered");
  assert.equal(endingOf(account({ outcome: "replied", status: 504 }), 5), "timed-out");
  assert.equal(endingOf(account({ outcome: "replied", status: 502 }), 5), undefined);
  assert.equal(endingOf(account({ outcome: "broken" }), 5), "refused");
  assert.equal(endingOf(account({ outcome: "gone", waitedMs: 4 }), 5), undefined);
  assert.equal(endingOf(account({ outcome: "gone", waitedMs: 6 }), 5), "answered");
  assert.equal(endingOf(account({ outcome: "gone", waitedMs: undefined }), 5), undefined);
});

const fault: Fault = {
  ...{ match: {}, share: 1, delayMs: 0, jitterMs: 0, forMs: 1, abort: 503 },
  untilAtMs: Number.MAX_SAFE_INTEGER,
};

function injecting(...all: readonly Partial<Fault>[]) {
  const { route, parts } = setting({ faults: all.map((over) => ({ ...fault, ...over })) });
  const feature = faults.create(route, parts);
  return { parts, ask: (one: Asked) => feature.admit?.(one, 0) };
}

test("a fault is marked, counted, and for those alone who fit all of it", () => {
  const match = {
    path: "/cart",
    method: "GET",
    header: { "x-user": "test" },
    client: "10.0.0.0/8",
  };
  const { ask, parts } = injecting({ match });
  const said = ask(asked("/cart/1", { "X-User": "test" }));
  assert.ok(said?.kind === "reply" && said.reply.status === 503);
  assert.equal(said.reply.fields?.["x-homeostat-fault"], "1");
  assert.equal(ask(asked("/cart", { "X-User": "Test" })), undefined);
  assert.equal(ask(asked("/card", { "X-User": "test" })), undefined);
  assert.equal(ask(asked("/cart", { "X-User": "test" }, "PUT")), undefined);
  const peer = { address: "11.0.0.1", port: 1, isSecure: false };
  assert.equal(ask({ ...asked("/cart", { "X-User": "test" }), peer }), undefined);
  assert.deepEqual(parts.counters.faults, { delayed: 0, aborted: 1 });
});

test("share, delay and jitter; the first fault that fits", () => {
  const { ask, parts } = injecting(
    { match: { path: "/slow" }, delayMs: 100, jitterMs: 50 },
    { match: { path: "/cut" }, abort: "cut" },
    { share: 0.2 },
  );
  const delays = Array.from({ length: 200 }, () => {
    const said = ask(asked("/slow"));
    assert.ok(said?.kind === "later" && said.verdict?.kind === "reply");
    return said.afterMs;
  });
  assert.ok(Math.min(...delays) >= 50 && Math.max(...delays) <= 150);
  assert.ok(Math.max(...delays) - Math.min(...delays) > 80);
  assert.deepEqual(ask(asked("/cut")), { kind: "cut" });
  let hits = 0;
  for (let i = 0; i < 2_000; i++) if (ask(asked("/x"))) hits++;
  assert.ok(Math.abs(hits - 400) < 60, `${hits}`);
  assert.deepEqual(parts.counters.faults, { delayed: 200, aborted: 201 + hits });
});

test("no fault outlives its term", async () => {
  const { parts, ask } = injecting({ untilAtMs: simClock().wall() + 1_000 });
  assert.equal(ask(asked("/"))?.kind, "reply");
  await (parts.clock as ReturnType<typeof simClock>).advance(1_000);
  assert.equal(ask(asked("/")), undefined);
});

function logging(over: object) {
  const { parts } = setting({});
  const lines: string[] = [];
  const file = { write: (line: string) => void lines.push(line), close: () => {} };
  const said = { file: "x", sample: 0, errors: true, query: false, ...over };
  const feature = createAccessLog("web", said, parts, file);
  return { lines, end: (over?: Partial<Account>) => feature.ended?.(account(over)) };
}

test("a line says what happened, and keeps the query to itself", () => {
  const { lines, end } = logging({ sample: 1 });
  const trace = "0123456789abcdef0123456789abcdef";
  end({ asked: asked("/a?token=1", { traceparent: `00-${trace}-0123456789abcdef-00` }) });
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    ...{ time: "2026-01-01T00:00:00.000Z", service: "web", client: "10.1.2.3", method: "GET" },
    ...{ path: "/a", status: 200, outcome: "answered", instance: "web/1", tries: 1 },
    ...{ waitMs: 10, totalMs: 12.3, id: "id-1", trace, why: "sample" },
  });
  const whole = logging({ sample: 1, query: true });
  whole.end({ asked: asked("/a?token=1") });
  assert.match(whole.lines[0] ?? "", /"path":"\/a\?token=1"/);
});

test("a share of all, and each that failed or was slow", () => {
  const { lines, end } = logging({ sample: 0.1, slowMs: 50 });
  for (let i = 0; i < 2_000; i++) end();
  assert.ok(Math.abs(lines.length - 200) < 50, `${lines.length}`);
  const whys = (over: Partial<Account>): unknown => {
    lines.length = 0;
    end(over);
    return lines[0] === undefined ? undefined : JSON.parse(lines[0]).why;
  };
  assert.equal(whys({ status: 500 }), "error");
  assert.equal(whys({ status: 0, outcome: "cut" }), "error");
  assert.equal(whys({ endedAtMs: 50 }), "slow");
  const quiet = logging({ errors: false });
  quiet.end({ status: 500, endedAtMs: 90_000 });
  const tunnel = logging({ slowMs: 50 });
  tunnel.end({ status: 101, outcome: "handedOver", endedAtMs: 90_000 });
  tunnel.end({ status: 0, outcome: "gone" });
  assert.deepEqual([...quiet.lines, ...tunnel.lines], []);
});

test("lines that wait for the disk have a bound, what is beyond it is counted", async () => {
  const counts = { written: 0, dropped: 0 };
  const clock = simClock();
  const file = lineFile("/dev/null", { clock, log: silentLog, counts });
  for (let i = 0; i < 1_100; i++) file.write("x".repeat(1_024));
  assert.deepEqual(counts, { written: 0, dropped: 76 });
  file.close();
  assert.deepEqual(counts, { written: 1_024, dropped: 76 });
  const nowhere = lineFile("/dev/null/none", { clock, log: silentLog, counts });
  nowhere.write("x");
  nowhere.close();
  assert.deepEqual(counts, { written: 1_024, dropped: 77 });
});
