// When a service may start, what it waits for and says so, and what people hold down.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { InputDraft } from "../model/event.ts";
import { fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { readCron } from "./cron.ts";
import { dependentsFirst } from "./order.ts";
import type { Past, ServiceSpec } from "./spec.ts";
import { createSupervisor } from "./supervisor.ts";

const anew: Past = { anew: true, runs: new Map(), resting: new Set() };

type Some = Pick<ServiceSpec, "name"> & Partial<ServiceSpec>;

/** Services without probes, ready a second after their start; logs are what a test writes. */
function scene(services: readonly Some[], obeys = true) {
  const clock = simClock();
  const platform = fakePlatform({ obeys });
  const told: InputDraft[] = [];
  const logs = new Map<string, string>();
  const supervisor = createSupervisor({
    ...{ platform, clock, random: seeded(1), log: silentLog, project: "here" },
    services: services.map((over) => ({
      ...{ replicas: 1, command: [over.name], cwd: "/", env: {}, wantsPort: false },
      ...{ dependsOn: [], startupMs: 10_000, isExpectedExit: (code) => code === 0 },
      stop: { signal: "SIGTERM" as const, waitMs: 1_000 },
      ...over,
    })),
    logFile: (target) => target,
    lastLines: () => [],
    endOfFile: (file) => logs.get(file)?.length ?? 0,
    readLog: (file, from) => {
      const all = logs.get(file) ?? "";
      return { text: all.slice(from), toByte: all.length };
    },
    emit: (draft) => void told.push(draft),
    observe: () => {},
    drain: async () => {},
    beforeExit: () => {},
  });
  const started = (): readonly string[] => platform.started.map(({ target }) => target);
  const end = (target: string, code: number): void => {
    const found = platform.running.find((one) => one.target === target);
    assert.ok(found, `${target} runs`);
    platform.end(found, { code });
  };
  return {
    ...{ clock, platform, supervisor, told, logs, started, end },
    boot: async (past = anew) => {
      supervisor.adopt(past);
      void supervisor.boot(past, new AbortController().signal);
      await clock.advance(100);
    },
    of: (type: InputDraft["type"]) => told.filter((draft) => draft.type === type),
  };
}

const job = { onStart: true, timeLimitMs: 60_000 };

describe("a dependency", () => {
  it("is ready, started, completed or has logged a line, as its dependents want it", async () => {
    const it = scene([
      { name: "db" },
      { name: "migrate", job },
      { name: "a", dependsOn: ["db"] },
      { name: "b", dependsOn: ["db"], conditions: { db: "started" } },
      { name: "c", dependsOn: ["migrate"], conditions: { migrate: "completed" } },
      { name: "d", dependsOn: ["db"], conditions: { db: { logged: "Ready to" } } },
    ]);
    await it.boot();
    assert.deepEqual(it.of("job.due").length, 1, "a job is asked for, and the loop decides");
    await it.supervisor.run("migrate", "boot", false);
    assert.deepEqual(it.started(), ["db/1", "b/1", "migrate/1"]);
    await it.clock.advance(2_000);
    assert.deepEqual(it.started().slice(3), ["a/1"]);
    it.logs.set("db/1", "starting\nReady to accept\n");
    await it.clock.advance(100);
    assert.deepEqual(it.started().slice(4), ["d/1"]);
    it.end("migrate/1", 1);
    await it.clock.advance(5_000);
    assert.deepEqual(it.started().slice(5), [], "a job that failed has not completed");
    await it.supervisor.run("migrate", "retry", false);
    it.end("migrate/1", 0);
    await it.clock.advance(100);
    assert.deepEqual(it.started().slice(6), ["c/1"]);
  });

  it("that was logged by an earlier run, or in part, does not count", async () => {
    const it = scene([
      { name: "db" },
      { name: "web", dependsOn: ["db"], conditions: { db: { logged: "Ready to" } } },
    ]);
    it.logs.set("db/1", "Ready to accept\n");
    await it.boot();
    await it.clock.advance(5_000);
    assert.deepEqual(it.started(), ["db/1"]);
    it.logs.set("db/1", "Ready to accept\nReady to accept\n");
    await it.clock.advance(100);
    assert.deepEqual(it.started(), ["db/1", "web/1"]);
  });

  it("that does not come is said once, and again when another one is left", async () => {
    const it = scene([
      { name: "db" },
      { name: "migrate", job },
      { name: "web", dependsOn: ["db", "migrate"], conditions: { migrate: "completed" } },
    ]);
    await it.boot();
    await it.clock.advance(600_000);
    const waits = it.of("service.waiting").map(({ data }) => data);
    const migrate = { service: "migrate", until: "have completed" };
    assert.deepEqual(waits, [
      { for: [{ service: "db", until: "be ready" }, migrate], sinceMs: 0 },
      { for: [migrate], sinceMs: 0 },
    ]);
  });

  it("that completed before the daemon died is not waited for", async () => {
    const it = scene([
      { name: "migrate", job },
      { name: "web", dependsOn: ["migrate"], conditions: { migrate: "completed" } },
    ]);
    const resting = new Set(["migrate/1"]);
    const completed = new Set(["migrate"]);
    await it.boot({ anew: false, runs: new Map(), resting, completed });
    assert.deepEqual(it.started(), ["web/1"]);
    assert.deepEqual(it.of("job.due"), []);
  });
});

describe("a job", () => {
  it("is ended when its time is over, and told as one that took too long", async () => {
    const it = scene([{ name: "migrate", job: { onStart: true, timeLimitMs: 5_000 } }], false);
    await it.boot();
    await it.supervisor.run("migrate", "boot", false);
    await it.clock.advance(7_000);
    const exit = it.of("instance.exited")[0];
    assert.ok(exit?.type === "instance.exited");
    const { expected, overdue, stopped, text } = exit.data;
    assert.deepEqual(
      { expected, overdue, stopped, text },
      {
        ...{ expected: false, overdue: true, stopped: undefined },
        text: "ended after its time limit of 5 s",
      },
    );
    assert.deepEqual(it.of("instance.ready"), [], "a job is never ready");
  });

  it("with a schedule is due at its moments, once its dependencies are there", async () => {
    const read = readCron("* * * * *");
    assert.ok("cron" in read);
    const timetable = { cron: read.cron, zone: "UTC", jitterMs: 0, catchUp: true };
    const it = scene([
      { name: "db" },
      { name: "tick", dependsOn: ["db"], job: { ...job, onStart: false, timetable } },
    ]);
    await it.boot();
    await it.clock.advance(180_000);
    assert.deepEqual(
      it.of("job.due").map(({ subject, data }) => [subject, "by" in data && data.by]),
      [1, 2, 3].map(() => ["tick", "schedule"]),
    );
    assert.equal(it.supervisor.nextRuns().get("tick"), it.clock.wall() - 100 + 60_000);
    await it.supervisor.hold("tick", "ada");
    assert.equal(it.supervisor.nextRuns().has("tick"), false);
    await it.clock.advance(180_000);
    assert.equal(it.of("job.due").length, 3, "nothing is due while it is held down");
    await it.supervisor.release("tick", "ada");
    await it.clock.advance(60_000);
    assert.equal(it.of("job.due").length, 4);
  });
});

describe("what people hold down", () => {
  it("ends, and nobody starts it: no action, no boot, nothing that was on its way", async () => {
    const it = scene([{ name: "db" }, { name: "web", dependsOn: ["db"] }]);
    await it.boot();
    const held = it.supervisor.hold("web", "ada");
    await it.clock.advance(5_000);
    await held;
    assert.deepEqual(it.started(), ["db/1"], "it was waiting, and waits no more");
    await assert.rejects(it.supervisor.start("web/1", "A1"), /web was stopped by ada/);
    assert.deepEqual(it.of("instance.exited"), [], "a start that may not be is no crash");
    await it.supervisor.release("web", "ada");
    assert.deepEqual(it.started(), ["db/1", "web/1"]);
    const again = it.supervisor.hold("web", "ada");
    await it.clock.advance(100);
    await again;
    assert.deepEqual(
      it.platform.running.map(({ target }) => target),
      ["db/1"],
    );
  });

  it("is not started by the next daemon, and ended if it still runs", async () => {
    const it = scene([{ name: "web", replicas: 2 }]);
    it.platform.place("web/1");
    await it.boot({ ...anew, held: new Map([["web", "ada"]]) });
    await it.clock.advance(2_000);
    assert.deepEqual(it.platform.running, []);
    assert.deepEqual(it.started(), []);
  });
});

describe("the end of everything", () => {
  it("goes from dependents to dependencies, and those apart at the same time", async () => {
    const clock = simClock();
    const ends: string[] = [];
    const nodes = [
      { name: "db", dependsOn: [] },
      { name: "api", dependsOn: ["db"] },
      { name: "web", dependsOn: ["api", "db"] },
      { name: "mail", dependsOn: [] },
    ];
    const all = dependentsFirst(nodes, async (name) => {
      await clock.sleep(1_000);
      ends.push(`${name} ${clock.now()}`);
    });
    await clock.advance(10_000);
    await all;
    assert.deepEqual(ends.toSorted(), ["api 2000", "db 3000", "mail 1000", "web 1000"]);
  });

  it("is not held up by one that cannot be ended, which is told at last", async () => {
    const ended: string[] = [];
    const nodes = [
      { name: "db", dependsOn: [] },
      { name: "web", dependsOn: ["db"] },
    ];
    const all = dependentsFirst(nodes, async (name) => {
      ended.push(name);
      if (name === "web") throw new Error("it does not end");
    });
    await assert.rejects(all, /it does not end/);
    assert.deepEqual(ended, ["web", "db"]);
  });
});
