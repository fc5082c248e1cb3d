// The faults of the articles in health checks, each shown in a faithful imitation, then in ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createEndpoints } from "./endpoints.ts";
import { createHealth } from "./health.ts";

type Check = () => boolean | Promise<boolean>;

interface Checks {
  readonly clock: SimClock;
  register(name: string, check: Check, critical?: boolean): void;
  /** From here on it looks at all of them, in its own way. */
  start(): void;
  healthy(): boolean | Promise<boolean>;
  statusOf(name: string): string | undefined;
}

const everyMs = 1_000;

/** The article's HealthCheck, word by word in another language. */
function articleHealth(): Checks {
  const clock = simClock();
  const services = new Map<string, { check: Check; critical: boolean; status: string }>();
  const checkService = async (name: string): Promise<boolean> => {
    const service = services.get(name);
    if (!service) return false;
    try {
      service.status = (await service.check()) ? "healthy" : "unhealthy";
    } catch {
      service.status = "unhealthy";
    }
    return service.status === "healthy";
  };
  const checkAll = async (): Promise<void> => {
    for (const name of services.keys()) await checkService(name);
  };
  return {
    clock,
    register: (name, check, critical = true) =>
      void services.set(name, { check, critical, status: "unknown" }),
    start: () => void checkAll(),
    healthy: async () => {
      for (const [name, { critical }] of services) {
        if (critical && !(await checkService(name))) return false;
      }
      return true;
    },
    statusOf: (name) => services.get(name)?.status,
  };
}

function ourHealth(): Checks {
  const clock = simClock();
  const health = createHealth({ clock, random: () => 0 });
  return {
    clock,
    register: (name, check, critical = true) => {
      health.register(name, check, { critical, timeoutMs: 500, intervalMs: everyMs });
    },
    start: () => health.start(),
    healthy: () => health.healthy,
    statusOf: (name) => health.statusOf(name),
  };
}

const both = { imitation: articleHealth, ours: ourHealth };

test("fault: health checks run one after another without a timeout", async () => {
  const shows = /nobody has looked at the others/;
  await onlyOursHolds<Checks>({ ...both, shows }, async ({ clock, register, start, statusOf }) => {
    register("stuck", () => new Promise<never>(() => {}));
    register("slow", () => clock.sleep(400).then(() => true));
    register("quick", () => true);
    start();
    await clock.advance(500);
    const found = ["stuck", "slow", "quick"].map((name) => statusOf(name));
    assert.deepEqual(found, ["unhealthy", "healthy", "healthy"], "nobody has looked at the others");
  });
});

test("fault: is_healthy runs only critical checks and shows stale values for the others", async () => {
  const shows = /a value of before, shown as of now/;
  await onlyOursHolds<Checks>({ ...both, shows }, async (checks) => {
    const { clock, register, start, healthy, statusOf } = checks;
    let [mailUp, dbRuns] = [true, 0];
    register("db", () => ++dbRuns > 0);
    register("mail", () => mailUp, false);
    start();
    await clock.advance(1);
    assert.deepEqual([await healthy(), statusOf("mail")], [true, "healthy"]);
    mailUp = false;
    // As whoever asks the endpoint does.
    for (let second = 0; second < 10; second++) {
      await clock.advance(1_000);
      assert.equal(await healthy(), true);
    }
    assert.equal(statusOf("mail"), "unhealthy", "a value of before, shown as of now");
    const runs = dbRuns;
    await healthy();
    assert.equal(dbRuns, runs, "asking runs nothing: a probe cannot overload a dependency");
  });
  const clock = simClock();
  const health = createHealth({ clock, random: () => 0 });
  health.register("mail", () => true, { critical: false, intervalMs: 1_000 });
  health.start();
  await clock.advance(1);
  health.stop();
  await clock.advance(60_000);
  assert.equal(health.statusOf("mail"), "unknown", "an old value says that it is old");
});

test('fault: "/" is defined twice', async () => {
  type Define = (paths: Readonly<Record<"health" | "live", string>>) => unknown;
  // As in the article's framework: the first one that fits answers, the second one never does.
  const original: Define = ({ health, live }) => {
    const routes: { readonly path: string; readonly answer: string }[] = [];
    const get = (path: string, answer: string): void => void routes.push({ path, answer });
    get(health, "health");
    get(live, "live");
    return routes;
  };
  const ours: Define = (paths) =>
    createEndpoints({ health: createHealth({ clock: simClock() }), paths });
  const shows = /Missing expected exception: one of the two never answers/;
  await onlyOursHolds<Define>({ imitation: () => original, ours: () => ours, shows }, (define) => {
    define({ health: "/", live: "/live" });
    const twice = { code: "OPTION_INVALID", message: /\/ cannot be the path of health and live/ };
    assert.throws(() => define({ health: "/", live: "/" }), twice, "one of the two never answers");
  });
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
