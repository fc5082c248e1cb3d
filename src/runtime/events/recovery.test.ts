// The recovery register: one run each, proved, with patience, and an orderly end.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recoveryWorld } from "../../../test/support/recovery-world.ts";
import type { Recover } from "./recovery-options.ts";
import { type StepContext, step } from "./step.ts";

const type = "system.database.failure";

/** Counts runs; each takes a second. */
function counted(mend: (n: number) => void = () => {}): Recover & { runs: number } {
  const recover = Object.assign(
    async ({ clock, signal }: StepContext) => {
      recover.runs += 1;
      await clock.sleep(1_000, signal);
      mend(recover.runs);
    },
    { runs: 0 },
  );
  return recover;
}

describe("a recovery", () => {
  it("runs in the background, is proved by the check of that name, and tells what it did", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    const recover = counted(() => world.health.set("db", "healthy"));
    world.recovery.register(type, recover);
    const event = world.fail();
    assert.equal(recover.runs, 0, "the publisher goes on first");
    await world.clock.advance(500);
    const [active] = world.recovery.active();
    assert.equal(active?.source, "db");
    assert.equal(active?.attempt, 1);
    assert.equal(active?.steps[0]?.outcome, "running");
    assert.equal(world.recovery.list()[0]?.state, "running");
    await world.clock.advance(10_000);
    assert.deepEqual(world.said(), ["recovery_started", "recovery_step", "recovered"]);
    const told = world.last("recovered");
    assert.equal(told.event, event);
    assert.equal(told.verifiedBy, "check db");
    assert.equal(told.tookMs, 1_000);
    assert.deepEqual(told.steps, [{ name: type, depth: 0, outcome: "done", tookMs: 1_000 }]);
    assert.deepEqual(world.recovery.active(), []);
  });

  it("has failed when its check is still not healthy, and takes its steps back", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    const undone: string[] = [];
    const undo = (name: string) => ({ undo: () => void undone.push(name) });
    world.recovery.register(type, {
      name: "two steps",
      steps: [step("one", () => 1, undo("one")), step("two", () => true, undo("two"))],
    });
    world.fail();
    await world.clock.advance(30_000);
    const told = world.last("recovery_failed");
    assert.match(told.error ?? "", /it did not help: check db is unhealthy, 30000 ms after/);
    assert.deepEqual(undone, ["two", "one"]);
    assert.deepEqual(
      told.steps.map(({ name, outcome, answer }) => [name, outcome, answer]),
      [
        ["one", "undone", "1"],
        ["two", "undone", "yes"],
      ],
    );
    assert.ok(!world.said().includes("recovered"));
  });

  it("degraded is not healthy; a question can take the place of a check", async () => {
    const world = recoveryWorld({ health: { db: "degraded" } });
    let answer: boolean | Error = new Error("no connection");
    world.recovery.register(type, () => {}, { verifyMs: 2_000 });
    world.recovery.register("system.cache.failure", () => {}, {
      verify: () => {
        if (answer instanceof Error) throw answer;
        return answer;
      },
      verifyMs: 5_000,
    });
    world.fail();
    world.fail("system.cache.failure", "redis");
    await world.clock.advance(3_000);
    assert.match(world.last("recovery_failed").error ?? "", /check db is degraded/);
    answer = true;
    await world.clock.advance(2_000);
    assert.equal(world.last("recovered").verifiedBy, "question");
  });

  it("ends a step that takes too long, and says when it went on all the same", async () => {
    const world = recoveryWorld();
    let goOn = (): void => {};
    world.recovery.register(type, () => new Promise<void>((resolve) => (goOn = resolve)), {
      limitMs: 5_000,
    });
    world.fail();
    await world.clock.advance(5_000);
    assert.match(world.last("recovery_failed").error ?? "", /no answer within 5000 ms/);
    assert.deepEqual(world.recovery.active(), []);
    goOn();
    await world.clock.advance(0);
    assert.ok(world.entries.some(({ message }) => /went on after it was given up/.test(message)));
  });

  it("runs once for each source, several at a time, the others in their turn", async () => {
    const world = recoveryWorld({ atOnceMax: 2 });
    const recover = counted();
    world.recovery.register("system.**", recover);
    for (const source of ["a", "b", "c", "a", "b", "c"]) world.fail(type, source);
    await world.clock.advance(0);
    assert.equal(recover.runs, 2);
    assert.deepEqual(
      world.recovery.list().map(({ state }) => state),
      ["running", "running", "queued"],
    );
    await world.clock.advance(1_000);
    assert.equal(recover.runs, 3);
    await world.clock.advance(1_000);
    assert.equal(world.said().filter((each) => each === "recovered").length, 3);
  });

  it("the pattern that says most wins, and what a recovery says is no failure", async () => {
    const world = recoveryWorld();
    const runs: string[] = [];
    for (const pattern of ["**", "system.**", "system.*.failure", type]) {
      world.recovery.register(pattern, () => void runs.push(pattern));
    }
    world.fail(type);
    world.fail("system.cache.failure");
    world.fail("system.disk");
    world.fail("other");
    await world.clock.advance(60_000);
    assert.deepEqual(runs, [type, "system.*.failure", "system.**", "**"]);
  });

  it("refuses a pattern that is taken and options that cannot be, and names a missing check", () => {
    const world = recoveryWorld({ health: {} });
    const held = world.recovery.register(type, () => {}, { verify: "databse" });
    assert.throws(() => world.recovery.register(type, () => {}), /there already is a recovery of/);
    assert.deepEqual(world.recovery.problems(), [
      `recovery of ${type}: there is no health check called "databse"`,
    ]);
    held[Symbol.dispose]();
    assert.deepEqual(world.recovery.problems(), []);
    const wrong = { limitMs: 0, coolDownMs: 3, settleMs: 1 } as object;
    assert.throws(
      () => world.recovery.register(type, () => {}, wrong),
      /no option "coolDownMs"; limitMs must be 1 or more, got 0; settleMs must not be below/,
    );
  });

  it("says once for each type of failure that nothing is registered for it", () => {
    const world = recoveryWorld();
    world.fail("system.disk.failure");
    world.fail("system.disk.failure", "other");
    world.fail("order.placed");
    assert.deepEqual(world.recovery.missing, ["system.disk.failure"]);
    assert.equal(world.entries.filter(({ level }) => level === "warn").length, 1);
  });
});

describe("patience", () => {
  it("waits longer after each failed run, then leaves it to people", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    const at: number[] = [];
    world.recovery.register(type, () => void at.push(world.clock.now()), {
      verifyMs: 1,
      cooldownMs: 0,
      triesMax: 4,
      backoff: { baseMs: 10_000, jitter: "none" },
    });
    world.fail();
    await world.clock.advance(600_000);
    const waits = at.slice(1).map((ms, i) => Math.round((ms - (at[i] ?? 0)) / 1_000));
    assert.deepEqual(waits, [10, 20, 40]);
    assert.equal(world.last("recovery_failed").attempt, 4);
    assert.equal(world.last("recovery_failed").nextInMs, undefined);
    assert.equal(world.recovery.list()[0]?.state, "given-up");
    world.fail();
    await world.clock.advance(600_000);
    assert.equal(at.length, 4);
    const givenUp = world.entries.filter(({ message }) => /left to people/.test(message));
    assert.equal(givenUp.length, 1, "said once, not every few seconds for ever");

    world.recovery.reset(type, "db");
    world.fail();
    await world.clock.advance(0);
    assert.equal(at.length, 5, "a person asked for another try");
  });

  it("sees what people mended after it gave up, and begins anew with the next failure", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    let runs = 0;
    world.recovery.register(type, () => void runs++, { verifyMs: 1, triesMax: 1 });
    world.fail();
    await world.clock.advance(100_000);
    assert.equal(world.recovery.list()[0]?.state, "given-up");
    world.health.set("db", "healthy");
    await world.clock.advance(100_000);
    assert.equal(world.last("recovered").byItself, true);
    world.health.set("db", "unhealthy");
    world.fail();
    await world.clock.advance(100_000);
    assert.equal(runs, 1, "it was back at once: that counts as a failed try");
    await world.clock.advance(4_000_000);
    world.health.set("db", "healthy");
    await world.clock.advance(4_000_000);
    world.fail();
    await world.clock.advance(0);
    assert.equal(runs, 2);
  });

  it("does not run when it is well again before the wait is over, and says so", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    const recover = counted();
    world.recovery.register(type, recover, { verifyMs: 1_000 });
    world.fail();
    await world.clock.advance(5_000);
    assert.equal(world.said().at(-1), "recovery_failed");
    world.health.set("db", "healthy");
    await world.clock.advance(100_000);
    assert.equal(recover.runs, 1);
    assert.equal(world.last("recovered").byItself, true);
    assert.equal(world.recovery.list()[0]?.failures, 0);
  });

  it("a failure that is back soon after a recovery counts as a failed one", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    const at: number[] = [];
    const recover: Recover = () => {
      at.push(world.clock.now());
      world.health.set("db", "healthy");
    };
    world.recovery.register(type, recover, {
      backoff: { baseMs: 60_000, jitter: "none" },
    });
    // Healthy for 10 s after each recovery, then down again and told every 5 s.
    for (let s = 0; s < 900; s += 5) {
      if (world.clock.now() - (at.at(-1) ?? -1e6) >= 10_000) {
        world.health.set("db", "unhealthy");
        world.fail();
      }
      await world.clock.advance(5_000);
    }
    const waits = at.slice(1).map((ms, i) => Math.round((ms - (at[i] ?? 0)) / 1_000));
    assert.deepEqual(waits, [60, 120, 240, 480]);
  });

  it("a word of the failure that comes late, after the recovery, counts for nothing", async () => {
    const world = recoveryWorld({ health: { db: "unhealthy" } });
    const recover = counted(() => world.health.set("db", "healthy"));
    world.recovery.register(type, recover);
    world.fail();
    await world.clock.advance(3_000);
    assert.equal(world.said().at(-1), "recovered");
    world.fail();
    const [late] = world.recovery.list();
    assert.deepEqual([late?.state, late?.failures], ["waiting", 0]);
    await world.clock.advance(60_000);
    assert.equal(recover.runs, 1);
    const [known] = world.recovery.list();
    assert.deepEqual([known?.state, known?.failures], ["quiet", 0]);
  });

  it("a failure that comes after it had settled begins anew", async () => {
    const world = recoveryWorld();
    const recover = counted();
    world.recovery.register(type, recover);
    for (let i = 0; i < 3; i++) {
      world.fail();
      await world.clock.advance(301_000);
    }
    assert.equal(recover.runs, 3);
    assert.equal(world.recovery.list()[0]?.failures, 0);
  });
});

describe("the end", () => {
  it("awaits what runs, begins nothing more, and ends what takes too long", async () => {
    const world = recoveryWorld({ stopMs: 3_000 });
    const undone: string[] = [];
    const slow = step("slow", ({ clock, signal }) => clock.sleep(60_000, signal), {
      undo: () => void undone.push("slow"),
    });
    const recover = counted();
    world.recovery.register(type, recover);
    world.recovery.register("system.api.failure", { name: "slow", steps: [slow] });
    world.fail();
    world.fail("system.api.failure", "pay");
    await world.clock.advance(0);
    let over = false;
    const stopped = world.recovery.stop().then(() => {
      over = true;
    });
    world.fail(type, "late");
    await world.clock.advance(2_900);
    assert.equal(world.last("recovered").recipe, type);
    assert.equal(over, false);
    await world.clock.advance(200);
    await stopped;
    assert.match(world.last("recovery_failed").error ?? "", /the app stops/);
    assert.deepEqual(undone, ["slow"]);
    assert.equal(recover.runs, 1);
  });
});
