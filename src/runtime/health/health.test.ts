// Health as a whole on a clock moved by hand: pace, order, thresholds, and what others are told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import type { CheckAnswer } from "../parts/health.ts";
import { createHealth, type Health, type HealthChange, type HealthOptions } from "./health.ts";

interface Rig {
  readonly health: Health;
  readonly clock: SimClock;
  readonly logged: Entry[];
  readonly changes: HealthChange[];
}

function rig(options: HealthOptions = {}): Rig {
  const clock = simClock();
  const logged: Entry[] = [];
  const log = createLog({ level: "debug", wall: clock.wall, write: (entry) => logged.push(entry) });
  const health = createHealth({ clock, random: () => 0, log, ...options });
  const changes: HealthChange[] = [];
  health.onChange((change) => changes.push(change));
  return { health, clock, logged, changes };
}

const never = (): Promise<never> => new Promise(() => {});

test("a check is unknown, then what it answers, with reason, since and latency", async () => {
  const { health, clock } = rig();
  let answer: CheckAnswer = true;
  health.register("db", async () => {
    await clock.sleep(7);
    return answer;
  });
  assert.equal(health.statusOf("db"), "unknown");
  assert.equal(health.statusOf("no such"), "unknown");
  health.start();
  await clock.advance(10);
  assert.deepEqual(health.list(), [
    {
      name: "db",
      status: "healthy",
      critical: true,
      since: "2026-01-01T00:00:00.007Z",
      checkedAt: "2026-01-01T00:00:00.007Z",
      latencyMs: 7,
      failures: 0,
      dependsOn: [],
    },
  ]);
  answer = { status: "degraded", reason: "one replica is gone" };
  await clock.advance(10_000);
  answer = { status: "degraded", reason: "one replica is still gone" };
  await clock.advance(10_000);
  const [state] = health.list();
  assert.equal(state?.reason, "one replica is still gone");
  assert.equal(state?.since, "2026-01-01T00:00:10.007Z");
  assert.equal(state?.checkedAt, "2026-01-01T00:00:20.007Z");
});

test("runs come in their interval without drift, and none overlaps another", async () => {
  const { health, clock } = rig();
  const begun: number[] = [];
  let inside = 0;
  let most = 0;
  health.register(
    "slow",
    async () => {
      begun.push(clock.now());
      most = Math.max(most, ++inside);
      await clock.sleep(begun.length === 2 ? 250 : 30);
      inside -= 1;
    },
    { intervalMs: 100, timeoutMs: 1_000 },
  );
  health.start();
  await clock.advance(650);
  assert.deepEqual(begun, [0, 100, 400, 500, 600]);
  assert.equal(most, 1);
});

test("the first runs are spread by chance, within their bound", async () => {
  const { health, clock } = rig({ random: seeded(4), firstWithinMs: 400 });
  const begun: number[] = [];
  for (let i = 0; i < 20; i++) health.register(`c${i}`, () => void begun.push(clock.now()));
  health.start();
  await clock.advance(400);
  assert.equal(begun.length, 20);
  assert.ok(new Set(begun.map((at) => Math.floor(at / 40))).size >= 7, String(begun));
});

test("thresholds hold back an alarm and a recovery; an alarm is logged and told once", async () => {
  const { health, clock, logged, changes } = rig();
  let well = true;
  const options = { intervalMs: 100, failureThreshold: 3, successThreshold: 2 };
  health.register("api", () => well || { status: "unhealthy", reason: "status 500" }, options);
  health.start();
  await clock.advance(50);
  well = false;
  await clock.advance(200);
  assert.equal(health.statusOf("api"), "healthy");
  assert.equal(health.list()[0]?.failures, 2);
  assert.equal(health.list()[0]?.failure, "status 500");
  await clock.advance(500);
  assert.equal(health.statusOf("api"), "unhealthy");
  well = true;
  await clock.advance(100);
  assert.equal(health.list()[0]?.reason, "well 1 of 2 times since: status 500");
  await clock.advance(100);
  assert.equal(health.statusOf("api"), "healthy");
  const told = changes.map(({ from, to }) => `${from} ${to}`);
  assert.deepEqual(told, ["unknown healthy", "healthy unhealthy", "unhealthy healthy"]);
  const errors = logged.filter(({ level }) => level === "error");
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.fields.reason, "status 500");
});

test("a good run that took too long is degraded", async () => {
  const { health, clock } = rig();
  health.register("api", () => clock.sleep(40).then(() => true), { slowMs: 25 });
  health.start();
  await clock.advance(50);
  assert.equal(health.list()[0]?.reason, "took 40 ms, more than 25 ms");
  assert.equal(health.statusOf("api"), "degraded");
  assert.equal(health.healthy, true);
});

test("a check joins the run that is under way, and works without start", async () => {
  const { health, clock } = rig();
  let runs = 0;
  health.register("db", async () => {
    runs += 1;
    await clock.sleep(10);
  });
  const both = Promise.all([health.check("db"), health.check("db")]);
  await clock.advance(10);
  assert.deepEqual(
    (await both).map(({ status }) => status),
    ["healthy", "healthy"],
  );
  assert.equal(runs, 1);
  await assert.rejects(health.check("cache"), { code: "UNKNOWN_ID" });
});

test("stop ends the runs under way, which count neither way; start goes on", async () => {
  const { health, clock } = rig();
  let aborted = 0;
  health.register("db", ({ signal }) => {
    signal.addEventListener("abort", () => aborted++);
    return clock.sleep(100, signal).then(() => true);
  });
  health.start();
  await clock.advance(50);
  health.stop();
  await clock.advance(60_000);
  assert.equal(aborted, 1);
  assert.equal(health.statusOf("db"), "unknown");
  health.start();
  await clock.advance(200);
  assert.equal(health.statusOf("db"), "healthy");
});

test("a registration that is disposed is gone, with its run and the check's own means", async () => {
  const { health, clock, changes } = rig();
  let closed = 0;
  const check = Object.assign(() => clock.sleep(100).then(() => false), {
    [Symbol.dispose]: () => closed++,
  });
  const handle = health.register("db", check);
  health.start();
  await clock.advance(50);
  handle[Symbol.dispose]();
  handle[Symbol.dispose]();
  await clock.advance(30_000);
  assert.equal(closed, 1);
  assert.deepEqual(health.list(), []);
  assert.deepEqual(changes, []);
  health.register("db", () => true);
});

test("a value that nobody refreshed is not shown as the truth", async () => {
  const { health, clock } = rig();
  health.register("db", () => true, { intervalMs: 1_000, timeoutMs: 500 });
  await health.check("db");
  await clock.advance(2_500);
  assert.equal(health.statusOf("db"), "healthy");
  await clock.advance(1_000);
  const [state] = health.list();
  assert.equal(state?.status, "unknown");
  assert.equal(state?.reason, "not looked at for 4 s; it was healthy then");
  assert.equal(health.healthy, false);
});

test("a listener that throws is logged and reaches nobody else", async () => {
  const { health, clock, logged } = rig();
  const told: string[] = [];
  health.onChange(() => {
    throw new Error("boom");
  });
  const handle = health.onChange(({ name }) => told.push(name));
  health.register("db", () => true);
  health.start();
  await clock.advance(1);
  assert.deepEqual(told, ["db"]);
  assert.equal(logged.filter(({ fields }) => fields.error === "boom").length, 1);
  handle[Symbol.dispose]();
  health.register("api", () => true);
  await clock.advance(1);
  assert.deepEqual(told, ["db"]);
});

test("names and options are refused with what is wrong", () => {
  const { health } = rig();
  health.register("db", () => true);
  const refusals: readonly [() => unknown, RegExp][] = [
    [() => health.register("db", () => true), /there is a health check "db" already/],
    [() => health.register("a b", () => true), /name begins with a letter.* got "a b"/],
    [() => health.register("x".repeat(65), () => true), /at most 64/],
    [() => health.register("a", () => true, { dependsOn: ["b"] }), /depends on "b": register/],
    [() => health.register("a", () => true, { intervalMs: 1 }), /intervalMs must be from 10 to/],
    [() => health.register("a", () => true, { timeoutMs: 0 }), /timeoutMs must be from 1 to/],
    [() => health.register("a", () => true, { failureThreshold: 0 }), /failureThreshold must be/],
    [() => health.register("a", () => true, { kinds: ["alive" as never] }), /kinds must be a list/],
    [() => health.register("a", () => true, { interval: 5 } as never), /no option "interval"/],
    [() => health.register("a", true as never), /"a" is not a function/],
  ];
  for (const [work, message] of refusals) {
    assert.throws(work, { code: "OPTION_INVALID", message });
  }
});

test("an app that stops is not ready, and its checks end", async () => {
  const stop = new AbortController();
  const { health, clock } = rig({ stopping: { signal: stop.signal } });
  let runs = 0;
  health.register("db", () => ++runs > 0, { intervalMs: 100 });
  health.start();
  await clock.advance(250);
  assert.equal(health.summary("ready").ok, true);
  stop.abort();
  assert.equal(health.summary("ready").ok, false);
  assert.equal(health.summary("ready").reason, "the app is stopping");
  assert.equal(health.summary("health").ok, true);
  health.start();
  await clock.advance(1_000);
  assert.equal(runs, 3);
});

test("a hung check is left behind after a minute: what it waited for may be well again", async () => {
  const { health, clock, logged } = rig();
  let hang = true;
  let runs = 0;
  health.register("pool", () => (++runs && hang ? never() : true), { timeoutMs: 1_000 });
  health.start();
  await clock.advance(5_000);
  assert.equal(health.list()[0]?.reason, "no answer within 1000 ms");
  hang = false;
  await clock.advance(50_000);
  assert.equal(runs, 1);
  const reason = "no answer within 1000 ms, and still running after 50000 ms";
  assert.equal(health.list()[0]?.reason, reason);
  await clock.advance(20_000);
  assert.equal(runs, 2);
  assert.equal(health.statusOf("pool"), "healthy");
  assert.equal(logged.filter(({ level }) => level === "warn").length, 1);
});
