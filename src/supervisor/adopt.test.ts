// What a new daemon makes of what it finds: each process taken once, each end told, no stray left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { InputDraft } from "../model/event.ts";
import type { Exit, ProcessIdentity } from "../model/instance.ts";
import type { Target } from "../model/target.ts";
import { type FakePlatform, fakePlatform } from "../testing/fake-platform.ts";
import { seeded } from "../testing/seeded.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import type { Past, PastRun, ServiceSpec, Supervisor } from "./spec.ts";
import { createSupervisor } from "./supervisor.ts";

interface Scene {
  readonly clock: SimClock;
  readonly platform: FakePlatform;
  readonly supervisor: Supervisor;
  readonly told: readonly InputDraft[];
}

function scene(over: Partial<ServiceSpec> = {}, obeys = true): Scene {
  const clock = simClock(100_000);
  const platform = fakePlatform({ obeys });
  const told: InputDraft[] = [];
  const supervisor = createSupervisor({
    platform,
    clock,
    random: seeded(1),
    log: silentLog,
    project: "here",
    services: [
      {
        name: "app",
        replicas: 2,
        command: ["app"],
        cwd: "/",
        env: {},
        wantsPort: false,
        dependsOn: [],
        stop: { signal: "SIGTERM", waitMs: 1_000 },
        isExpectedExit: (code) => code === 0,
        startupMs: 10_000,
        ...over,
      },
    ],
    logFile: (target) => target,
    lastLines: () => ["last words"],
    emit: (draft) => void told.push(draft),
    observe: () => {},
    drain: async () => {},
    beforeExit: () => {},
  });
  return { clock, platform, supervisor, told };
}

function past(runs: Readonly<Record<Target, Partial<PastRun>>>, over: Partial<Past> = {}): Past {
  const entries = Object.entries(runs).map(
    ([target, run]) => [target, { sinceMs: 40_000, stopping: false, ...run }] as const,
  );
  return {
    anew: false,
    runs: new Map(entries),
    resting: new Set(),
    ...over,
  };
}

const gone: ProcessIdentity = { pid: 999, startTicks: 1, bootId: "boot" };
const summary = (told: readonly InputDraft[]): readonly string[] =>
  told.map(({ type, subject }) => `${type} ${subject}`);
const exitOf = (told: readonly InputDraft[]): Exit => {
  const event = told.find((it) => it.type === "instance.exited");
  assert.ok(event?.type === "instance.exited");
  return event.data;
};
async function boot({ supervisor, clock }: Scene, what: Past): Promise<void> {
  supervisor.adopt(what);
  const booted = supervisor.boot(what, new AbortController().signal);
  await clock.advance(20_000);
  await booted;
}

test("what runs is adopted and not started; what is missing is started", async () => {
  const it = scene();
  const { identity } = it.platform.place("app/1");
  await boot(it, past({ "app/1": { identity } }));
  assert.deepEqual(
    it.supervisor.running().map((run) => run.target),
    ["app/1", "app/2"],
  );
  assert.deepEqual(
    it.platform.started.map((one) => one.target),
    ["app/2"],
  );
});

test("what was ready is ready at once, and no other process in its place", async () => {
  const it = scene();
  const { identity } = it.platform.place("app/1");
  it.platform.place("app/2");
  it.supervisor.adopt(
    past({ "app/1": { identity, ready: true }, "app/2": { identity: gone, ready: true } }),
  );
  await it.supervisor.ready("app/1");
  const adopted = it.told.filter(({ type }) => type === "instance.adopted");
  assert.deepEqual(
    adopted.map(({ subject, data }) => [subject, "ready" in data]),
    [
      ["app/1", true],
      ["app/2", false],
    ],
  );
  await it.clock.advance(5_000);
  const ready = it.told.filter(({ type }) => type === "instance.ready");
  assert.deepEqual(summary(ready), ["instance.ready app/2"]);
});

test("a run that ended unseen is told as one since its start, and left to the loop", async () => {
  const it = scene();
  await boot(it, past({ "app/1": { identity: gone }, "app/2": { identity: gone } }));
  assert.deepEqual(summary(it.told), ["instance.exited app/1", "instance.exited app/2"]);
  const { expected, uptimeMs, lastLines } = exitOf(it.told);
  assert.deepEqual(
    { expected, uptimeMs, lastLines },
    { expected: false, uptimeMs: 60_000, lastLines: ["last words"] },
  );
  assert.deepEqual(it.platform.started, []);
});

test("a process whose start was never told is taken over, and not started again", async () => {
  const it = scene({ replicas: 1 });
  it.platform.place("app/1");
  await boot(it, past({}));
  assert.equal(summary(it.told)[0], "instance.adopted app/1");
  assert.deepEqual(it.platform.started, []);
});

test("an action that comes with the start of the daemon makes no second process", async () => {
  const it = scene({ replicas: 1 });
  it.platform.place("app/1");
  const begun = it.supervisor.start("app/1", "A1");
  it.supervisor.adopt(past({}));
  await begun;
  assert.equal(it.platform.running.length, 1);
  assert.equal(it.supervisor.running().length, 1);
});

test("the leader is the process of the journal, not what it has started in a group of its own", async () => {
  const it = scene({ replicas: 1 });
  const real = it.platform.place("app/1", { run: "r1" });
  const helper = it.platform.place("app/1", { run: "r1" });
  await boot(it, past({ "app/1": { identity: real.identity } }));
  assert.equal(it.supervisor.running()[0]?.identity.pid, real.identity.pid);
  assert.ok(it.platform.running.includes(helper), "it belongs to the run");
});

test("without a journal the first process of the latest run leads, and other runs end", async () => {
  const it = scene({ replicas: 1 });
  const old = it.platform.place("app/1", { run: "r1" });
  const real = it.platform.place("app/1", { run: "r2" });
  it.platform.place("app/1", { run: "r2" });
  await boot(it, past({}));
  assert.equal(it.supervisor.running()[0]?.identity.pid, real.identity.pid);
  assert.equal(it.platform.running.includes(old), false);
  assert.equal(it.platform.running.length, 2);
});

test("a stop that was under way is brought to its end, and its instance runs again", async () => {
  const it = scene({ replicas: 1 }, false);
  const old = it.platform.place("app/1");
  await boot(it, past({ "app/1": { identity: old.identity, stopping: true } }));
  assert.deepEqual(it.platform.signals, ["SIGTERM app/1 1", "SIGCONT app/1 1", "SIGKILL app/1 1"]);
  assert.equal(exitOf(it.told).expected, true);
  assert.deepEqual(
    it.supervisor.running().map((run) => run.identity.pid),
    [2],
  );
});

test("who ended on the TERM of the dead daemon did not crash, and runs again", async () => {
  const it = scene({ replicas: 1 });
  await boot(it, past({ "app/1": { identity: gone, stopping: true } }));
  const { expected, stopped } = exitOf(it.told);
  assert.deepEqual({ expected, stopped }, { expected: true, stopped: true });
  assert.equal(it.platform.started.length, 1);
});

test("what rests is not started", async () => {
  const it = scene();
  await boot(it, past({}, { resting: new Set(["app/2"]) }));
  assert.deepEqual(
    it.platform.started.map((one) => one.target),
    ["app/1"],
  );
});

test("after a boot of the machine nobody crashed, and everything starts", async () => {
  const it = scene();
  const identity = { ...gone, bootId: "an earlier boot" };
  await boot(it, past({ "app/1": { identity }, "app/2": { identity } }, { anew: true }));
  assert.equal(exitOf(it.told).text, "the machine was started anew");
  assert.equal(exitOf(it.told).expected, true);
  assert.deepEqual(
    it.platform.started.map((one) => one.target),
    ["app/1", "app/2"],
  );
});

test("an instance that the config no longer has is ended and not told of", async () => {
  const it = scene({ replicas: 1 });
  const extra = it.platform.place("app/2");
  await boot(it, past({ "app/2": { identity: extra.identity } }));
  assert.equal(it.platform.running.includes(extra), false);
  assert.equal(
    it.told.some(({ subject }) => subject === "app/2"),
    false,
  );
});

test("nothing starts once everything is being stopped, and that is no crash", async () => {
  const it = scene({ replicas: 1 });
  await boot(it, past({}));
  await it.supervisor.stopAll("down");
  const before = it.told.length;
  await assert.rejects(it.supervisor.start("app/1", "A1"), /being stopped/);
  assert.equal(it.told.length, before);
  assert.deepEqual(it.platform.running, []);
});
