// Tests of what the link says: reports and events are cut to the wire, and secrets stay here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wellReport } from "../../../test/support/link-daemon.ts";
import { connected } from "../../../test/support/link-world.ts";
import { type AppReport, type CheckReport, linkLineBytes } from "../../protocol/link.ts";
import { parseFromApp } from "../../protocol/link-wire.ts";
import type { AppEvent } from "../parts/bus.ts";
import { createMask } from "../parts/mask.ts";
import { reportLine } from "./fit.ts";

const mask = createMask();

function cutReport(over: Partial<AppReport>): AppReport {
  const line = reportLine(wellReport(over), mask);
  assert.ok(Buffer.byteLength(line) <= linkLineBytes);
  const message = parseFromApp(line);
  assert.ok(message.kind === "report");
  return message.report;
}

const check = (name: string, status: CheckReport["status"], reason?: string): CheckReport => ({
  ...{ name, status, critical: false, since: "2026-01-01T00:00:00.000Z" },
  ...(reason !== undefined && { reason }),
});

test("lists and figures are cut, what is ill stays, and the rest is counted", () => {
  const checks = Array.from({ length: 300 }, (_, i) =>
    check(`c${i}`, i === 299 ? "unhealthy" : "healthy"),
  );
  const figures = Object.fromEntries(Array.from({ length: 520 }, (_, i) => [`f${i}`, i]));
  const got = cutReport({
    checks,
    figures: { none: Number.NaN, most: Number.POSITIVE_INFINITY, ...figures },
    left: 2,
  });
  assert.equal(got.checks.length, 256);
  assert.equal(got.checks[0]?.name, "c299");
  assert.equal(Object.keys(got.figures).length, 512);
  assert.equal(got.figures.none, undefined);
  assert.equal(got.left, 2 + 44 + 8);
});

test("a report that would be too long as a whole is cut further, and still is one", () => {
  const long = "\u0001".repeat(1_000);
  const all = <T>(make: (name: string) => T): T[] =>
    Array.from({ length: 256 }, (_, i) => make(`${i}${long}`));
  const got = cutReport({
    features: all((name) => ({ name, available: true, why: long })),
    breakers: all((name) => ({ name, state: "closed", isolated: false })),
    commands: all((name) => name),
    figures: Object.fromEntries(all((name) => [name, 1])),
  });
  const kept = got.features.length + got.breakers.length + got.commands.length;
  assert.ok(kept > 90, `${kept} kept`);
  assert.equal(kept + Object.keys(got.figures).length + got.left, 4 * 256);
});

test("long texts are cut, and secrets in reasons are masked", () => {
  const got = cutReport({
    reason: "database: postgres://app:hunter22@db/shop is away",
    checks: [check("x".repeat(5_000), "degraded", `${"y ".repeat(3_000)}`)],
  });
  assert.equal(got.reason, "database: postgres://app:***@db/shop is away");
  assert.equal(got.checks[0]?.name.length, 1_024);
  assert.ok((got.checks[0]?.reason?.length ?? 0) <= 1_024);
});

test("a report that fails is told once and tried again, and so is one that is none", async () => {
  let report: () => AppReport = () => {
    throw new Error("not ready");
  };
  const world = await connected({ report: () => report() });
  assert.equal(world.daemon.of("report").length, 0);
  report = () => wellReport({ status: "ill" as never });
  await world.clock.advance(3_000);
  report = () => wellReport();
  await world.clock.advance(3_000);
  assert.equal(world.daemon.of("report").length, 3);
  assert.equal(world.daemons.length, 1);
  assert.deepEqual(world.said(), [
    "info: connected to the daemon",
    "warn: the report for the daemon failed: not ready",
    "info: the report for the daemon works again",
  ]);
});

test("a report that hangs is told once, and no second one is begun beside it", async () => {
  let asked = 0;
  const world = await connected({
    report: () => {
      asked += 1;
      return new Promise(() => {});
    },
  });
  await world.clock.advance(60_000);
  assert.equal(asked, 1);
  assert.equal(world.link.state, "connected");
  assert.deepEqual(world.said().slice(1), [
    "warn: the report for the daemon failed: it takes longer than 10000 ms",
  ]);
});

function event(data: unknown, over: Partial<AppEvent> = {}): AppEvent {
  const time = "2026-01-01T00:00:00.000Z";
  return {
    id: "1",
    type: "system.db.failure",
    source: "db",
    severity: "critical",
    time,
    data,
    ...over,
  };
}

test("an event is told in words, without secrets", async () => {
  const world = await connected();
  const circle: Record<string, unknown> = { check: "db", password: "hunter22", tries: [1, 2] };
  circle.self = circle;
  const said: [unknown, string | RegExp][] = [
    [undefined, ""],
    ["it is away", "it is away"],
    [new Error("no answer", { cause: new Error("ECONNRESET") }), "no answer: ECONNRESET"],
    [circle, /^check=db password=\*\*\* tries=\[1,2\] self=/],
    [7n, "7"],
    ["z ".repeat(10_000), /^.{1,1024}$/],
  ];
  for (const [data] of said) world.link.tell(event(data));
  world.link.tell(event("", { source: "" }));
  await world.clock.advance(0);
  const events = world.daemon.of("event");
  assert.equal(events.length, said.length + 1);
  for (const [i, [, text]] of said.entries()) {
    const got = events[i]?.text ?? assert.fail();
    if (typeof text === "string") assert.equal(got, text);
    else assert.match(got, text);
  }
  const { kind, text, ...first } = events[0] ?? assert.fail();
  const { id, data, ...told } = event(undefined);
  assert.deepEqual(first, { ...told, missed: 0 });
});

test("of a flood 50 events are told in any second, and the rest are counted in the next", async () => {
  const world = await connected();
  for (let i = 0; i < 10_000; i++) world.link.tell(event(i));
  await world.clock.advance(999);
  world.link.tell(event("still too early"));
  await world.clock.advance(1);
  assert.equal(world.daemon.of("event").length, 50);
  world.link.tell(event("again"));
  await world.clock.advance(0);
  const last = world.daemon.of("event").at(-1);
  assert.deepEqual([last?.text, last?.missed], ["again", 9_951]);
});

test("events without a daemon are counted, and told of when one is there", async () => {
  const world = await connected();
  world.daemon.close();
  await world.clock.advance(0);
  for (let i = 0; i < 100; i++) world.link.tell(event(i));
  await world.clock.advance(1_000);
  world.daemon.welcome();
  await world.clock.advance(0);
  world.link.tell(event("back"));
  await world.clock.advance(0);
  assert.deepEqual(
    world.daemon.of("event").map(({ text, missed }) => [text, missed]),
    [["back", 100]],
  );
});
