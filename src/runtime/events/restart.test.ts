// What a recovery remembers over the end of its process: tries, waits, and a run that was cut off.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { keptInMemory, recoveryWorld } from "../../../test/support/recovery-world.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createStateFile } from "./state-file.ts";

const type = "system.database.failure";

/** Another process: its monotonic clock begins anew, its wall clock goes on. */
function nextClock(before: SimClock, tookMs = 0): SimClock {
  const clock = simClock(5);
  const shiftMs = before.wall() + tookMs - clock.wall();
  return { ...clock, wall: () => clock.now() - 5 + shiftMs + 1_767_225_600_005 };
}

describe("after a restart", () => {
  it("waits go on where they were", async () => {
    const kept = keptInMemory();
    const first = recoveryWorld({ kept, health: { db: "unhealthy" } });
    const options = { verifyMs: 1_000, backoff: { baseMs: 100_000, jitter: "none" as const } };
    first.recovery.register(type, () => {}, options);
    first.fail();
    await first.clock.advance(1_000);
    assert.equal(first.last("recovery_failed").nextInMs, 100_000);

    const clock = nextClock(first.clock, 30_000);
    const second = recoveryWorld({ kept, clock, health: { db: "unhealthy" } });
    const at: number[] = [];
    second.recovery.register(type, () => void at.push(clock.now()), options);
    second.fail();
    await clock.advance(69_000);
    assert.deepEqual(at, []);
    await clock.advance(2_000);
    assert.deepEqual(at, [70_005]);
    assert.equal(second.last("recovery_failed").attempt, 2);
  });

  it("what failed before is tried again without being told again", async () => {
    const kept = keptInMemory();
    const first = recoveryWorld({ kept, health: { db: "unhealthy" } });
    first.recovery.register(type, () => {}, { verifyMs: 1_000 });
    first.fail();
    await first.clock.advance(1_000);
    const clock = nextClock(first.clock);
    const second = recoveryWorld({ kept, clock, health: { db: "unhealthy" } });
    second.recovery.register(type, () => second.health.set("db", "healthy"));
    await clock.advance(31_000);
    assert.equal(second.last("recovered").attempt, 2);
  });

  it("a clock that was set back makes no wait longer than it was", async () => {
    const kept = keptInMemory();
    const first = recoveryWorld({ kept, health: { db: "unhealthy" } });
    first.recovery.register(type, () => {}, { verifyMs: 1_000 });
    first.fail();
    await first.clock.advance(1_000);
    const clock = nextClock(first.clock, -86_400_000);
    const second = recoveryWorld({ kept, clock, health: { db: "unhealthy" } });
    second.recovery.register(type, () => {});
    assert.ok((second.recovery.list()[0]?.waitMs ?? 0) <= 31_000);
  });

  it("a run that was cut off is judged by its check and not begun anew", async () => {
    for (const outcome of ["recovered", "recovery_failed"]) {
      const kept = keptInMemory();
      const first = recoveryWorld({ kept, health: { app: "unhealthy" } });
      const hang = ({ signal }: { readonly signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      first.recovery.register("app.stuck.failure", hang, { endsProcess: true });
      first.recovery.register(type, ({ clock }) => clock.sleep(5_000));
      first.fail("app.stuck.failure", "app");
      first.fail();
      await first.clock.advance(1_000);
      const stopped = first.recovery.stop();
      await first.clock.advance(4_000);
      await stopped;
      assert.ok(!first.said().includes("recovery_failed"), "its end is for the next process");

      const clock = nextClock(first.clock, 2_000);
      const status = outcome === "recovered" ? "healthy" : "unhealthy";
      const second = recoveryWorld({ kept, clock, health: { app: status } });
      let runs = 0;
      second.recovery.register("app.stuck.failure", () => void runs++, { endsProcess: true });
      second.fail("app.stuck.failure", "app");
      await clock.advance(31_000);
      assert.equal(runs, 0);
      assert.equal(second.said().at(-1), outcome);
      assert.equal(second.last(outcome).afterRestart, true);
    }
  });

  it("rows that are no rows are left out", () => {
    for (const value of [7, [null, {}, { event: {} }, { event: { type: 1 } }], "x"]) {
      const kept = { read: () => value, write: () => {} };
      assert.deepEqual(recoveryWorld({ kept }).recovery.list(), []);
    }
  });
});

describe("the state file", () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-state-"));
  after(() => rmSync(folder, { recursive: true }));

  it("keeps sections apart over a restart, for its owner's eyes only", () => {
    const path = join(folder, "deep", "state.json");
    const file = createStateFile(path);
    file.section("a").write({ n: 1 });
    file.section("b").write([2]);
    const next = createStateFile(path);
    assert.deepEqual([next.section("a").read(), next.section("b").read()], [{ n: 1 }, [2]]);
    assert.equal(next.section("c").read(), undefined);
    assert.deepEqual(readdirSync(join(folder, "deep")), ["state.json"]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("moves a damaged file away and says so", () => {
    const path = join(folder, "damaged.json");
    for (const text of ["{", '{"version":9,"sections":{}}', '{"version":1}']) {
      writeFileSync(path, text);
      const entries: Entry[] = [];
      const write = (entry: Entry): void => void entries.push(entry);
      const log = createLog({ level: "info", wall: () => 0, write });
      assert.equal(createStateFile(path, { log }).section("a").read(), undefined);
      assert.equal(readFileSync(`${path}.damaged`, "utf8"), text);
      assert.match(entries[0]?.message ?? "", /could not be read/);
    }
  });

  it("says that it could not be written, and goes on", () => {
    const entries: Entry[] = [];
    const write = (entry: Entry): void => void entries.push(entry);
    const log = createLog({ level: "info", wall: () => 0, write });
    writeFileSync(join(folder, "file"), "");
    const kept = createStateFile(join(folder, "file", "state.json"), { log }).section("a");
    kept.write(1);
    assert.equal(kept.read(), 1);
    assert.ok(entries.some(({ message }) => /could not be written/.test(message)));
    const large = createStateFile(join(folder, "large.json"), { log }).section("a");
    large.write("x".repeat(2_000_000));
    assert.match(entries.at(-1)?.message ?? "", /over 1048576 bytes/);
  });
});
