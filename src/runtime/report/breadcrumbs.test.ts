// Breadcrumbs: the last ones, small ones, each request's own; from the log, the bus and into an SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import type { AppEvent } from "../parts/bus.ts";
import { breadcrumbs } from "./breadcrumbs.ts";
import { crumbListener, crumbSink } from "./crumbs-from.ts";
import { type SentrySdk, sentrySdkReporter } from "./sentry-sdk.ts";

const messages = (crumbs: { list(): readonly { message: string }[] }): string =>
  crumbs
    .list()
    .map(({ message }) => message)
    .join(" ");

test("the newest are kept, the oldest first", () => {
  const crumbs = breadcrumbs({ max: 3, clock: simClock() });
  for (const n of [1, 2, 3, 4, 5]) crumbs.add({ message: `${n}` });
  assert.equal(messages(crumbs), "3 4 5");
  assert.throws(() => breadcrumbs({ max: 0 }), /max must be a whole number, 1 to 1000/);
});

test("a crumb is small and plain, whatever it was made of", () => {
  const crumbs = breadcrumbs({ clock: simClock() });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const many = Object.fromEntries(
    Array.from({ length: 99 }, (_, n) => [`f${n}`, "x".repeat(9_999)]),
  );
  const data = { circle, error: new Error("lost"), nothing: undefined, ratio: Number.NaN, ...many };
  crumbs.add({ message: "m".repeat(9_999), data });
  const [crumb] = crumbs.list();
  assert.equal(crumb?.timestamp, 1_767_225_600);
  assert.deepEqual(Object.values(crumb?.data ?? {}).slice(0, 4), [
    "[unreadable]",
    "Error: lost",
    null,
    "NaN",
  ]);
  assert.ok(JSON.stringify(crumb).length < 12_288);
});

test("concurrent requests do not mix; what the app did is seen by all", async () => {
  const crumbs = breadcrumbs({ perContext: true, clock: simClock() });
  crumbs.add({ message: "start" });
  const request = (name: string): Promise<string> =>
    crumbs.run(async () => {
      crumbs.add({ message: `${name}1` });
      await Promise.resolve();
      crumbs.run(() => crumbs.add({ message: `${name}-inner` }));
      crumbs.add({ message: `${name}2` });
      return messages(crumbs);
    });
  assert.deepEqual(await Promise.all([request("a"), request("b")]), ["start a1 a2", "start b1 b2"]);
  assert.equal(messages(crumbs), "start");

  const shared = breadcrumbs({ clock: simClock() });
  shared.run(() => shared.add({ message: "all see it" }));
  assert.equal(messages(shared), "all see it");
});

test("contexts within contexts do not add up for ever", () => {
  const crumbs = breadcrumbs({ perContext: true, clock: simClock() });
  crumbs.add({ message: "app" });
  const nest = (left: number): string => {
    crumbs.add({ message: `${left}` });
    return left === 0 ? messages(crumbs) : crumbs.run(() => nest(left - 1));
  };
  const seen = nest(100).split(" ");
  assert.ok(seen.length <= 10 && seen.includes("app") && seen.includes("0"), seen.join(" "));
});

test("lines of the log and events of the bus become crumbs", () => {
  const crumbs = breadcrumbs({ clock: simClock() });
  const sink = crumbs.sink();
  assert.deepEqual([sink.name, sink.level], ["breadcrumbs", "info"]);
  sink.write({ at: 5_000, level: "warn", logger: "db", message: "slow", fields: { ms: 900 } });
  const event: AppEvent = {
    id: "1",
    type: "system.db.failure",
    source: "db",
    severity: "critical",
    time: "1970-01-01T00:00:07.000Z",
    data: { reason: "gone" },
  };
  void crumbs.listener(event);
  assert.deepEqual(crumbs.list(), [
    { timestamp: 5, category: "log.db", level: "warning", message: "slow", data: { ms: 900 } },
    {
      timestamp: 7,
      category: "event.system.db.failure",
      level: "error",
      message: "db",
      data: { reason: "gone" },
    },
  ]);
});

test("an initialised @sentry/node is told errors, crumbs, flush and close by its shape", async () => {
  const calls: unknown[] = [];
  let all = true;
  const sdk: SentrySdk = {
    captureException: (error, context) => {
      calls.push([error, context]);
      return "e".repeat(32);
    },
    addBreadcrumb: (crumb) => void calls.push(crumb),
    flush: async (ms) => {
      calls.push(`flush ${ms}`);
      return all;
    },
    close: async (ms) => {
      calls.push(`close ${ms}`);
      return true;
    },
  };
  const reporter = sentrySdkReporter(sdk, { clock: simClock() });
  const error = new Error("lost");
  const context = { order: 7, password: "hunter22" };
  const time = "2026-01-01T00:00:00.000Z";
  void reporter.capture({ error, source: "shop", fatal: true, time, context });
  crumbSink(reporter.addCrumb).write({
    at: 0,
    level: "info",
    logger: "",
    message: "token=abcdefgh",
    fields: {},
  });
  crumbListener(reporter.addCrumb);
  await reporter.flush(new AbortController().signal);
  assert.equal(await reporter.close(), true);
  assert.deepEqual(calls, [
    [error, { level: "fatal", tags: { source: "shop" }, extra: { order: 7, password: "***" } }],
    { timestamp: 0, category: "log", level: "info", message: "token=***" },
    "flush 2000",
    "close 1000",
  ]);
  assert.deepEqual(
    [reporter.lastEventId(), reporter.eventIdOf(error)],
    ["e".repeat(32), "e".repeat(32)],
  );
  all = false;
  await assert.rejects(reporter.flush(new AbortController().signal), /not all reports had left/);
  assert.throws(() => sentrySdkReporter({} as SentrySdk), /has no captureException/);
});
