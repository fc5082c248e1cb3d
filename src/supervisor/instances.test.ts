// When an instance becomes ready, and that one which is being stopped never does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { InputDraft } from "../model/event.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Probe } from "../probes/probe.ts";
import { fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { createSupervisor } from "./supervisor.ts";

/** One instance whose probe answers as `well` says, asked every 100 ms. */
function scene(well: () => boolean, drainMs = 0) {
  const clock = simClock();
  const told: InputDraft[] = [];
  const readings: Reading[] = [];
  const probe: Probe = {
    name: "fake",
    check: async ({ target }) => [reading(target, metrics.probe, well() ? 1 : 0, clock.now())],
  };
  const supervisor = createSupervisor({
    platform: fakePlatform({ obeys: false }),
    clock,
    random: seeded(1),
    log: silentLog,
    project: "here",
    services: [
      {
        ...{ name: "app", replicas: 1, command: ["app"], cwd: "/", env: {}, wantsPort: false },
        ...{ dependsOn: [], startupMs: 10_000, isExpectedExit: () => false },
        probe: { probe, periodMs: 100, timeoutMs: 100 },
        stop: { signal: "SIGTERM", waitMs: 1_000 },
      },
    ],
    logFile: (target) => target,
    lastLines: () => [],
    emit: (draft) => void told.push(draft),
    observe: (more) => void readings.push(...more),
    drain: () => clock.sleep(drainMs),
    beforeExit: () => {},
  });
  return { clock, supervisor, readings, types: () => told.map(({ type }) => type) };
}

test("it is ready with its first good answer, and readings begin there", async () => {
  let well = false;
  const it = scene(() => well);
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(1_000);
  assert.deepEqual(it.types(), ["instance.started"]);
  assert.equal(it.readings.length, 0);
  well = true;
  await it.clock.advance(1_000);
  assert.deepEqual(it.types(), ["instance.started", "instance.ready"]);
  assert.ok(it.readings.length > 5);
});

test("good answers while it drains and ends do not make it ready again", async () => {
  const it = scene(() => true, 2_000);
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(1_000);
  void it.supervisor.stop("app/1", { by: "A2" });
  const before = it.readings.length;
  await it.clock.advance(5_000);
  const [started, ready, stopping, exited, ...more] = it.types();
  assert.deepEqual(
    [started, ready, stopping, exited, more],
    ["instance.started", "instance.ready", "instance.stopping", "instance.exited", []],
  );
  assert.equal(it.readings.length, before);
  void it.supervisor.start("app/1", "A3");
  await it.clock.advance(1_000);
  assert.equal(it.types().at(-1), "instance.ready");
});
