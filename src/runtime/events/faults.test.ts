// The faults of the original's recovery, each shown in a faithful imitation and not found in ours.
import assert from "node:assert/strict";
import { it } from "node:test";
import { keptInMemory, recoveryWorld } from "../../../test/support/recovery-world.ts";
import type { Clock } from "../../kernel/clock.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { AppEvent, Bus } from "../parts/bus.ts";
import { createBus } from "./bus.ts";

const database = "system.database.failure";

/** The manager of the original: three types, a set of what runs, and no look at the result. */
function original(
  bus: Bus,
  recoveries: Record<string, (event: AppEvent) => Promise<void>>,
  /** Between the look at the set and the mark in it, as between two of its threads. */
  between: () => Promise<void> = async () => {},
): readonly string[] {
  const activeRecoveries = new Set<string>();
  const said: string[] = [];
  const handle = async (event: AppEvent): Promise<void> => {
    const recover = recoveries[event.type];
    if (!recover) return;
    const key = `${event.type}:${event.source}`;
    if (activeRecoveries.has(key)) return;
    await between();
    activeRecoveries.add(key);
    try {
      await recover(event);
      said.push(`${event.type}.recovered`);
    } catch {
      said.push(`${event.type}.recovery_failed`);
    } finally {
      activeRecoveries.delete(key);
    }
  };
  for (const type of ["database", "cache", "api"]) {
    bus.subscribe(`system.${type}.failure`, handle);
  }
  return said;
}

it("fault: the recovery manager never verifies", async () => {
  const { clock, bus } = { clock: simClock(), bus: createBus() };
  const said = original(bus, { [database]: async () => {} });
  bus.publish({ type: database, source: "db" });
  await clock.advance(0);
  assert.deepEqual(said, [`${database}.recovered`], "the original: nothing was mended");

  const world = recoveryWorld({ health: { db: "unhealthy" } });
  world.recovery.register(database, () => {});
  world.fail();
  await world.clock.advance(40_000);
  assert.deepEqual(world.said(), ["recovery_started", "recovery_step", "recovery_failed"]);
});

it("fault: the set of active recoveries has no lock", async () => {
  const { clock, bus } = { clock: simClock(), bus: createBus() };
  const counts = { original: 0, ours: 0 };
  const restart = (who: keyof typeof counts, on: Clock) => async (): Promise<void> => {
    counts[who] += 1;
    await on.sleep(1_000);
  };
  original(bus, { [database]: restart("original", clock) }, async () => {});
  bus.publish({ type: database, source: "db" });
  bus.publish({ type: database, source: "db" });
  await clock.advance(2_000);
  assert.equal(counts.original, 2, "the original: two restarts of one database at once");

  const world = recoveryWorld();
  world.recovery.register(database, restart("ours", world.clock));
  for (let i = 0; i < 10; i++) world.fail();
  await world.clock.advance(500);
  world.fail();
  await world.clock.advance(500);
  assert.equal(counts.ours, 1);
  assert.deepEqual(world.recovery.active(), [], "the mark is gone");
});

it("fault: a persisting failure re-triggers recovery every 30 s with no back-off", async () => {
  const monitor = async (clock: Clock & { advance(ms: number): Promise<void> }, bus: Bus) => {
    for (let s = 0; s < 3_600; s += 30) {
      bus.publish({ type: database, source: "db", severity: "critical" });
      await clock.advance(30_000);
    }
  };
  const counts = { original: 0, ours: 0 };
  const { clock, bus } = { clock: simClock(), bus: createBus() };
  original(bus, { [database]: async () => void counts.original++ });
  await monitor(clock, bus);
  assert.equal(counts.original, 120, "the original: 120 restarts in an hour");

  for (const health of [{ db: "unhealthy" } as const, undefined]) {
    counts.ours = 0;
    const world = recoveryWorld(health ? { health } : {});
    world.recovery.register(database, () => void counts.ours++);
    await monitor(world.clock, world.bus);
    assert.ok(counts.ours >= 4 && counts.ours <= 8, `${counts.ours} runs, check: ${health?.db}`);
  }
});

it("fault: the recovery manager subscribes to three fixed types only", async () => {
  const { clock, bus } = { clock: simClock(), bus: createBus() };
  let ran = false;
  original(bus, {
    "system.queue.failure": async () => {
      ran = true;
    },
  });
  bus.publish({ type: "system.queue.failure", source: "rabbit" });
  await clock.advance(0);
  assert.equal(ran, false, "the original: registered, and never called");

  const world = recoveryWorld();
  const seen: string[] = [];
  world.recovery.register("system.*.failure", ({ event }) => void seen.push(event.type));
  world.fail("system.queue.failure", "rabbit");
  await world.clock.advance(0);
  assert.deepEqual(seen, ["system.queue.failure"]);
});

it("fault: self_heal restarts the service that runs it, for ever", async () => {
  // Each life: the metric is high at once, and the action ends the process.
  let restarts = 0;
  const originalLife = (): void => {
    const cpu = 0.99;
    if (cpu > 0.7) restarts += 1;
  };
  for (let life = 0; life < 100; life++) originalLife();
  assert.equal(restarts, 100, "the original: a restart in each life");

  restarts = 0;
  const kept = keptInMemory();
  const clock = simClock();
  for (let life = 0; life < 100; life++) {
    const world = recoveryWorld({ kept, clock });
    const restartMe = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
      restarts += 1;
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    };
    const options = { endsProcess: true, verify: () => false, verifyMs: 5_000 };
    world.recovery.register("metric.cpu.failure", restartMe, options);
    world.fail("metric.cpu.failure", "cpu");
    await clock.advance(6_000);
    world.fail("metric.cpu.failure", "cpu");
    await clock.advance(24_000);
    await world.recovery.stop();
  }
  assert.ok(restarts >= 3 && restarts <= 8, `${restarts} restarts in 50 minutes`);
});
