// The faults of the original's recovery, each shown in a faithful imitation and not found in ours.
import assert from "node:assert/strict";
import { it } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { recoveryWorld, type WorldOptions } from "../../../test/support/recovery-world.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import type { Bus } from "../parts/bus.ts";
import { createBus } from "./bus.ts";

const database = "system.database.failure";

type Recover = () => void | Promise<void>;

interface Manager {
  readonly clock: SimClock;
  register(type: string, recover: Recover): void;
  fail(type: string, source: string): void;
  /** What it told of the end of its recoveries: `recovered` and `recovery_failed`. */
  said(): readonly string[];
}

/** The manager of the original: three types, a set of what runs, and no look at the result. */
function original(
  /** Between the look at the set and the mark in it, as between two of its threads. */
  between: () => Promise<void> = async () => {},
): Manager {
  const clock = simClock();
  const bus: Bus = createBus({ clock });
  const recoveries = new Map<string, Recover>();
  const activeRecoveries = new Set<string>();
  const said: string[] = [];
  for (const kind of ["database", "cache", "api"]) {
    bus.subscribe(`system.${kind}.failure`, async ({ type, source }) => {
      const recover = recoveries.get(type);
      if (!recover) return;
      const key = `${type}:${source}`;
      if (activeRecoveries.has(key)) return;
      await between();
      activeRecoveries.add(key);
      try {
        await recover();
        said.push("recovered");
      } catch {
        said.push("recovery_failed");
      } finally {
        activeRecoveries.delete(key);
      }
    });
  }
  return {
    clock,
    register: (type, recover) => void recoveries.set(type, recover),
    fail: (type, source) => void bus.publish({ type, source, severity: "critical" }),
    said: () => said,
  };
}

function ours(options: WorldOptions = {}): Manager {
  const { clock, recovery, fail, said } = recoveryWorld(options);
  return {
    clock,
    register: (type, recover) => void recovery.register(type, () => recover()),
    fail: (type, source) => void fail(type, source),
    said: () => said().filter((ending) => /^recover(?:ed|y_failed)$/.test(ending)),
  };
}

it("fault: the recovery manager never verifies", async () => {
  await onlyOursHolds<Manager>(
    {
      imitation: () => original(),
      ours: () => ours({ health: { db: "unhealthy" } }),
      shows: /called recovered, and nothing was mended/,
    },
    async ({ clock, register, fail, said }) => {
      register(database, () => {});
      fail(database, "db");
      await clock.advance(40_000);
      assert.ok(!said().includes("recovered"), "called recovered, and nothing was mended");
      assert.deepEqual(said(), ["recovery_failed"]);
    },
  );
});

it("fault: the set of active recoveries has no lock", async () => {
  await onlyOursHolds<Manager>(
    { imitation: () => original(), ours: () => ours(), shows: /2 restarts of one database/ },
    async ({ clock, register, fail }) => {
      let [now, most, all] = [0, 0, 0];
      register(database, async () => {
        all += 1;
        now += 1;
        most = Math.max(most, now);
        await clock.sleep(1_000);
        now -= 1;
      });
      fail(database, "db");
      fail(database, "db");
      await clock.advance(500);
      assert.equal(most, 1, `${most} restarts of one database at once`);
      for (let n = 0; n < 10; n++) fail(database, "db");
      fail(database, "another");
      await clock.advance(100);
      assert.deepEqual([most, all], [2, 2], "two databases are two");
      await clock.advance(900);
      assert.equal(now, 0);
    },
  );
});

it("fault: a persisting failure re-triggers recovery every 30 s with no back-off", async () => {
  for (const health of [{ db: "unhealthy" } as const, undefined]) {
    await onlyOursHolds<Manager>(
      {
        imitation: () => original(),
        ours: () => ours(health ? { health } : {}),
        shows: /120 restarts in an hour/,
      },
      async ({ clock, register, fail }) => {
        let runs = 0;
        register(database, () => void runs++);
        for (let s = 0; s < 3_600; s += 30) {
          fail(database, "db");
          await clock.advance(30_000);
        }
        assert.ok(runs <= 8, `${runs} restarts in an hour`);
        assert.ok(runs >= 4, `only ${runs} tries`);
      },
    );
  }
});

it("fault: the recovery manager subscribes to three fixed types only", async () => {
  await onlyOursHolds<Manager>(
    { imitation: () => original(), ours: () => ours(), shows: /registered, and never called/ },
    async ({ clock, register, fail }) => {
      const seen: string[] = [];
      for (const kind of ["database", "queue", "search"]) {
        register(`system.${kind}.failure`, () => void seen.push(kind));
        fail(`system.${kind}.failure`, "it");
      }
      await clock.advance(0);
      assert.deepEqual(seen, ["database", "queue", "search"], "registered, and never called");
    },
  );
  const world = recoveryWorld();
  const seen: string[] = [];
  world.recovery.register("system.*.failure", ({ event }) => void seen.push(event.type));
  world.fail("system.queue.failure", "rabbit");
  await world.clock.advance(0);
  assert.deepEqual(seen, ["system.queue.failure"], "and one may stand for many");
});
