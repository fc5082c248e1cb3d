// Startup, readiness and liveness apart: which waits for which, what is told, and when in a hurry.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { silentLog } from "../kernel/log.ts";
import type { InputDraft } from "../model/event.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Probe } from "../probes/probe.ts";
import { fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { ProbeSchedule, Probes } from "./prober.ts";
import { createSupervisor } from "./supervisor.ts";

type Says = "good" | "bad" | "nothing" | "broken" | "hung";

/** What each probe says now, and when it was asked. */
function scene(
  make: (as: (name: string, over?: Partial<ProbeSchedule>) => ProbeSchedule) => Probes,
  platform = fakePlatform({ obeys: false }),
) {
  const clock = simClock();
  const told: InputDraft[] = [];
  const heard: { readonly reading: Reading; readonly soon: boolean }[] = [];
  const says: Record<string, Says> = {};
  const asked: Record<string, number[]> = {};
  const probe = (name: string): Probe => ({
    name,
    check: async ({ target }) => {
      asked[name] = [...(asked[name] ?? []), clock.now()];
      if (says[name] === "broken") throw new HomeostatError("SPAWN_FAILED", "no such file");
      if (says[name] === "hung") await new Promise(() => {});
      if (says[name] === "nothing") return [];
      const note = says[name] === "bad" ? "no answer within 100 ms" : undefined;
      const value = says[name] === "bad" ? 0 : 1;
      return [
        reading(target, metrics.probe, value, clock.now(), note),
        reading(target, metrics.probeLatency, 1, clock.now()),
      ];
    },
  });
  const as = (name: string, over: Partial<ProbeSchedule> = {}): ProbeSchedule => {
    says[name] = "good";
    return { probe: probe(name), periodMs: 100, timeoutMs: 100, failures: 3, ...over };
  };
  const supervisor = createSupervisor({
    platform,
    ...{ clock, random: seeded(1), log: silentLog, project: "here" },
    services: [
      {
        ...{ name: "app", replicas: 1, command: ["app"], cwd: "/", env: {}, wantsPort: false },
        ...{ dependsOn: [], startupMs: 10_000, isExpectedExit: () => false },
        probes: make(as),
        stop: { signal: "SIGTERM", waitMs: 1_000 },
      },
    ],
    logFile: (target) => target,
    lastLines: () => [],
    emit: (draft) => void told.push(draft),
    observe: (more, soon = false) => {
      for (const one of more) heard.push({ reading: one, soon });
    },
    drain: async () => {},
    beforeExit: () => {},
  });
  return {
    ...{ clock, supervisor, says, asked, heard },
    types: () => told.map(({ type }) => type),
    values: (metric: string) =>
      heard.filter(({ reading: it }) => it.metric === metric).map(({ reading: it }) => it.value),
  };
}

test("startup holds the others back, and is not asked again after it", async () => {
  const it = scene((as) => ({
    startup: as("startup"),
    readiness: as("readiness"),
    liveness: as("liveness"),
  }));
  it.says.startup = "bad";
  it.says.readiness = "bad";
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(1_000);
  assert.deepEqual(Object.keys(it.asked), ["startup"]);
  assert.ok(it.values(metrics.probeStartup.name).every((value) => value === 0));
  it.says.startup = "good";
  await it.clock.advance(1_000);
  assert.deepEqual(it.types(), ["instance.started", "instance.live"]);
  const count = it.asked.startup?.length;
  it.says.readiness = "good";
  await it.clock.advance(1_000);
  assert.deepEqual(it.types(), ["instance.started", "instance.live", "instance.ready"]);
  assert.equal(it.asked.startup?.length, count);
  assert.ok((it.asked.liveness?.length ?? 0) > 10);
});

test("what was ready under an earlier daemon is not asked for its startup, and may be sick at once", async () => {
  const platform = fakePlatform({ obeys: false });
  const it = scene(
    (as) => ({
      startup: as("startup"),
      readiness: as("readiness"),
      liveness: as("liveness"),
    }),
    platform,
  );
  it.says.liveness = "bad";
  const { identity } = platform.place("app/1");
  const run = { identity, sinceMs: 0, stopping: false, ready: true };
  it.supervisor.adopt({ anew: false, runs: new Map([["app/1", run]]), resting: new Set() });
  await it.clock.advance(1_000);
  assert.deepEqual(it.types(), ["instance.adopted"]);
  assert.deepEqual(Object.keys(it.asked).toSorted(), ["liveness", "readiness"]);
  assert.ok(it.values(metrics.probe.name).includes(0));
});

test("without startup the liveness ends the start, and its answers before that are none of life", async () => {
  const it = scene((as) => ({ liveness: as("liveness", { successes: 2 }) }));
  it.says.liveness = "bad";
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(500);
  assert.equal(it.values(metrics.probe.name).length, 0);
  it.says.liveness = "good";
  await it.clock.advance(500);
  assert.deepEqual(it.types(), ["instance.started", "instance.ready"]);
  assert.ok(it.values(metrics.probe.name).every((value) => value === 1));
});

test("with readiness alone there is no start to wait for", async () => {
  const it = scene((as) => ({ readiness: as("readiness") }));
  it.says.readiness = "bad";
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(60_000);
  assert.deepEqual(it.types(), ["instance.started", "instance.live"]);
});

test("readiness comes and goes by readings of its own, and the rest of the supervisor hears of it", async () => {
  const it = scene((as) => ({ readiness: as("readiness"), liveness: as("liveness") }));
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(1_000);
  await it.supervisor.ready("app/1");
  it.says.readiness = "bad";
  await it.clock.advance(1_000);
  const waits = it.supervisor.ready("app/1").then(() => "ready");
  await it.clock.advance(100);
  assert.equal(await Promise.race([waits, Promise.resolve("not yet")]), "not yet");
  it.says.readiness = "good";
  await it.clock.advance(200);
  assert.equal(await waits, "ready");
  assert.equal(it.types().filter((type) => type === "instance.ready").length, 1);
  const ready = it.heard.filter(({ reading: { metric } }) => metric === metrics.probeReady.name);
  assert.deepEqual(new Set(ready.map(({ reading: { value } }) => value)), new Set([0, 1]));
  const latencies = it.values(metrics.probeLatency.name).length;
  assert.equal(latencies, it.values(metrics.probe.name).length, "the latency of liveness only");
});

test("the answer that makes a row long enough is in a hurry, and no other", async () => {
  const it = scene((as) => ({ liveness: as("liveness") }));
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(1_000);
  it.says.liveness = "bad";
  await it.clock.advance(1_000);
  const bad = it.heard.filter(({ reading: { value } }) => value === 0);
  assert.ok(bad.length > 5);
  assert.deepEqual(
    bad.flatMap(({ soon }, i) => (soon ? [i] : [])),
    [2],
  );
});

test("a probe that cannot ask, that never ends or that does not know says nothing of the instance", async () => {
  for (const what of ["broken", "hung", "nothing"] as const) {
    const it = scene((as) => ({ liveness: as("liveness") }));
    void it.supervisor.start("app/1", "A1");
    await it.clock.advance(1_000);
    const before = it.values(metrics.probe.name).length;
    it.says.liveness = what;
    await it.clock.advance(10_000);
    assert.equal(it.values(metrics.probe.name).length, before, what);
    const works = it.values(metrics.probeWorks.name);
    assert.deepEqual(new Set(works), new Set(what === "nothing" ? [] : [0]), what);
    if (what !== "broken") continue;
    it.says.liveness = "good";
    await it.clock.advance(1_000);
    assert.equal(it.values(metrics.probeWorks.name).at(-1), 1);
    assert.ok(it.values(metrics.probe.name).length > before);
  }
});

test("a check that never ends is not asked a second time beside it", async () => {
  const it = scene((as) => ({ liveness: as("liveness") }));
  it.says.liveness = "hung";
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(30_000);
  assert.equal(it.asked.liveness?.length, 1);
});

test("delay counts from the start of the process, jitter only shortens", async () => {
  const it = scene((as) => ({
    startup: as("startup", { delayMs: 300 }),
    liveness: as("liveness", { jitter: 0.5 }),
  }));
  void it.supervisor.start("app/1", "A1");
  await it.clock.advance(10_000);
  assert.equal(it.asked.startup?.[0], 300);
  const times = it.asked.liveness ?? [];
  // The first gap may be of any length.
  const gaps = times.slice(2).map((at, i) => at - (times[i + 1] ?? 0));
  assert.ok(
    gaps.every((gap) => gap >= 50 && gap <= 100),
    `${Math.min(...gaps)} to ${Math.max(...gaps)}`,
  );
  assert.ok(Math.max(...gaps) - Math.min(...gaps) > 25);
});
