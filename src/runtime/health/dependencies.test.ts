// What depends on what is down is unknown, not one more alarm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createHealth, type Health } from "./health.ts";

interface World {
  readonly health: Health;
  readonly clock: SimClock;
  readonly alarms: Entry[];
  readonly runs: Record<string, number>;
  readonly up: Record<string, boolean>;
  add(name: string, intervalMs: number, dependsOn?: readonly string[], threshold?: number): void;
}

function world(): World {
  const clock = simClock();
  const alarms: Entry[] = [];
  const log = createLog({ level: "warn", wall: clock.wall, write: (entry) => alarms.push(entry) });
  const health = createHealth({ clock, random: () => 0, log });
  const runs: Record<string, number> = {};
  const up: Record<string, boolean> = {};
  return {
    health,
    clock,
    alarms,
    runs,
    up,
    add: (name, intervalMs, dependsOn = [], failureThreshold = 1) => {
      up[name] = true;
      const check = async (): Promise<boolean> => {
        runs[name] = (runs[name] ?? 0) + 1;
        await clock.sleep(1);
        return up[name] === true;
      };
      health.register(name, check, { intervalMs, dependsOn, failureThreshold });
    },
  };
}

test("a check whose dependency is unhealthy is not run, is unknown with the reason, no alarm", async () => {
  const { health, clock, add, up, runs, alarms } = world();
  add("db", 1_000);
  add("orders", 1_000, ["db"]);
  add("report", 1_000, ["orders"]);
  health.start();
  await clock.advance(100);
  up.db = false;
  await clock.advance(1_000);
  const before = runs.orders;
  await clock.advance(3_000);
  assert.equal(runs.orders, before);
  assert.equal(health.statusOf("db"), "unhealthy");
  const [, orders, report] = health.list();
  assert.equal(orders?.status, "unknown");
  assert.equal(orders?.reason, 'not run: depends on "db", which is not healthy');
  assert.equal(report?.reason, 'not run: depends on "orders", which is not healthy');
  assert.deepEqual(
    alarms.map(({ fields }) => fields.check),
    ["db"],
  );
});

test("a dependent that fails first asks its dependency before it raises an alarm", async () => {
  const { health, clock, add, up, alarms } = world();
  add("db", 60_000, [], 2);
  add("orders", 100, ["db"]);
  health.start();
  await clock.advance(50);
  up.db = false;
  up.orders = false;
  await clock.advance(100);
  assert.equal(health.statusOf("orders"), "unknown");
  const reason = 'fails as "db" does, on which it depends: the check answered false';
  assert.equal(health.list()[1]?.reason, reason);
  assert.equal(health.statusOf("db"), "healthy", "one failure of two is no alarm");
  assert.deepEqual(alarms, []);
  up.db = true;
  await clock.advance(100);
  assert.equal(health.statusOf("orders"), "unhealthy", "its own fault now");
});

test("the fall of a dependency is heard at once, by what depends on it at any remove", async () => {
  const { health, clock, add, up, runs } = world();
  add("db", 100);
  add("orders", 60_000, ["db"]);
  add("report", 60_000, ["orders"]);
  health.start();
  await clock.advance(50);
  assert.deepEqual([health.statusOf("orders"), health.statusOf("report")], ["healthy", "healthy"]);
  up.db = false;
  await clock.advance(100);
  assert.deepEqual([health.statusOf("orders"), health.statusOf("report")], ["unknown", "unknown"]);
  up.db = true;
  await clock.advance(100);
  assert.deepEqual([health.statusOf("orders"), health.statusOf("report")], ["healthy", "healthy"]);
  assert.deepEqual([runs.orders, runs.report], [2, 2]);
});

test("what waited for a dependency is run as soon as that is well again", async () => {
  const { health, clock, add, up } = world();
  add("db", 100);
  add("orders", 60_000, ["db"]);
  up.db = false;
  health.start();
  await clock.advance(250);
  assert.equal(health.statusOf("orders"), "unknown");
  up.db = true;
  await clock.advance(60);
  assert.equal(health.statusOf("orders"), "healthy");
});

test("what a dependency will say is waited for before the first run", async () => {
  const { health, clock, add, up, runs } = world();
  add("db", 60_000);
  add("orders", 60_000, ["db"]);
  up.db = false;
  const answer = health.check("orders");
  await clock.advance(5);
  assert.equal((await answer).status, "unknown");
  assert.equal(runs.orders, undefined);
  assert.equal(runs.db, 1);
});

test("a dependency that was taken off the list holds nothing back", async () => {
  const { health, clock } = world();
  const handle = health.register("db", () => false);
  health.register("orders", () => true, { dependsOn: ["db"], intervalMs: 100 });
  health.start();
  await clock.advance(50);
  assert.equal(health.statusOf("orders"), "unknown");
  handle[Symbol.dispose]();
  await clock.advance(100);
  assert.equal(health.statusOf("orders"), "healthy");
});
