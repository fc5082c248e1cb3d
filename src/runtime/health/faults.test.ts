// The faults of the articles in health checks, each shown in a faithful imitation, then in ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createHealth } from "./health.ts";

type Status = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";
interface Service {
  readonly check: () => Promise<boolean>;
  readonly critical: boolean;
  status: Status;
}

/** The article's HealthCheck, word by word in another language. */
function articleHealth() {
  const services = new Map<string, Service>();
  const checkService = async (service: Service): Promise<boolean> => {
    try {
      service.status = (await service.check()) ? "HEALTHY" : "UNHEALTHY";
    } catch {
      service.status = "UNHEALTHY";
    }
    return service.status === "HEALTHY";
  };
  return {
    services,
    register: (name: string, check: () => Promise<boolean>, critical = true) =>
      services.set(name, { check, critical, status: "UNKNOWN" }),
    checkAll: async () => {
      for (const service of services.values()) await checkService(service);
    },
    isHealthy: async () => {
      for (const service of services.values()) {
        if (service.critical && !(await checkService(service))) return false;
      }
      return true;
    },
  };
}

const hang = (): Promise<never> => new Promise(() => {});

test("fault: health checks run one after another without a timeout", async () => {
  const checks = (clock: SimClock, looked: string[]) => ({
    stuck: hang,
    slow: () => clock.sleep(400).then(() => true),
    quick: async () => looked.push("quick") > 0,
  });

  const theirs = articleHealth();
  const theirClock = simClock();
  const theirLooks: string[] = [];
  for (const [name, check] of Object.entries(checks(theirClock, theirLooks))) {
    theirs.register(name, check);
  }
  void theirs.checkAll();
  await theirClock.advance(3_600_000);
  assert.deepEqual(theirLooks, [], "an hour later nobody has looked at the others");
  assert.equal(theirs.services.get("quick")?.status, "UNKNOWN");

  const clock = simClock();
  const looked: string[] = [];
  const health = createHealth({ clock, random: () => 0 });
  for (const [name, check] of Object.entries(checks(clock, looked))) {
    health.register(name, check, { timeoutMs: 500 });
  }
  health.start();
  await clock.advance(500);
  assert.deepEqual(
    health.list().map(({ name, status, reason }) => [name, status, reason]),
    [
      ["stuck", "unhealthy", "no answer within 500 ms"],
      ["slow", "healthy", undefined],
      ["quick", "healthy", undefined],
    ],
  );
});

test("fault: is_healthy runs only critical checks and shows stale values for the others", async () => {
  let mailUp = true;
  const theirs = articleHealth();
  theirs.register("db", async () => true);
  theirs.register("mail", async () => mailUp, false);
  await theirs.checkAll();
  mailUp = false;
  assert.equal(await theirs.isHealthy(), true);
  assert.equal(
    theirs.services.get("mail")?.status,
    "HEALTHY",
    "a value of before, shown as of now",
  );

  mailUp = true;
  const clock = simClock();
  const health = createHealth({ clock, random: () => 0 });
  let dbRuns = 0;
  health.register("db", () => ++dbRuns > 0, { intervalMs: 1_000 });
  health.register("mail", () => mailUp, { critical: false, intervalMs: 1_000 });
  health.start();
  await clock.advance(1);
  mailUp = false;
  await clock.advance(1_000);
  const runs = dbRuns;
  assert.equal(health.healthy, true);
  assert.equal(health.statusOf("mail"), "unhealthy");
  assert.equal(dbRuns, runs, "asking runs nothing: a probe cannot overload a dependency");
  health.stop();
  await clock.advance(60_000);
  assert.equal(health.statusOf("mail"), "unknown", "an old value says that it is old");
});

test("a check that throws is unhealthy, with an error in the log that says why, without secrets", async () => {
  const clock = simClock();
  const logged: Entry[] = [];
  const log = createLog({ level: "info", wall: clock.wall, write: (entry) => logged.push(entry) });
  const health = createHealth({ clock, random: () => 0, log });
  health.register("db", () => {
    throw new Error("cannot reach postgres://shop:hunter2@db/shop");
  });
  health.register("cache", async () => Promise.reject("gone"));
  health.register("odd", (() => "fine") as never);
  health.start();
  await clock.advance(20_001);
  const reasons = health.list().map(({ status, reason }) => [status, reason]);
  assert.deepEqual(reasons, [
    ["unhealthy", "cannot reach postgres://shop:***@db/shop"],
    ["unhealthy", "gone"],
    ["unhealthy", 'the check answered "fine"'],
  ]);
  assert.equal(logged.length, 3, "each once, though each was looked at three times");
  assert.deepEqual(logged[0]?.fields.reason, reasons[0]?.[1]);
});

test("a stall of our own is not held against what was asked", async () => {
  // A tick that comes late: the time of the stall is given back, once.
  const sim = simClock();
  let stalledMs = 0;
  const clock = { ...sim, now: () => sim.now() + stalledMs };
  const health = createHealth({ clock, random: () => 0 });
  let answer = (): void => {};
  const check = (): Promise<void> => new Promise((resolve) => (answer = resolve));
  health.register("db", check, { timeoutMs: 100, intervalMs: 1_000 });
  health.start();
  await sim.advance(99);
  stalledMs = 300;
  await sim.advance(50);
  assert.equal(health.statusOf("db"), "unknown", "not given up");
  answer();
  await sim.advance(0);
  assert.equal(health.statusOf("db"), "healthy");
  await sim.advance(700);
  await sim.advance(200);
  assert.equal(health.list()[0]?.reason, "no answer within 100 ms");
});
