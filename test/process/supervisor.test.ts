// The supervisor with real processes: order by health, ports, groups, and exits as they are told.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { InputDraft } from "../../src/model/event.ts";
import type { Exit } from "../../src/model/instance.ts";
import { linuxPlatform } from "../../src/platforms/linux.ts";
import { httpProbe } from "../../src/probes/http.ts";
import type { Past, ServiceSpec, Supervisor } from "../../src/supervisor/spec.ts";
import { createSupervisor } from "../../src/supervisor/supervisor.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { endMarked, type Marked, markedBy } from "./support/marked.ts";
import { command } from "./support/trial.ts";

const anew: Past = { anew: true, runs: new Map(), resting: new Set() };

interface Scene {
  readonly supervisor: Supervisor;
  readonly told: readonly InputDraft[];
  readonly drained: readonly string[];
  marked(): readonly Marked[];
  /** The told exit of an instance, once it is there. */
  exit(target: string): Promise<Exit>;
}

function scene(t: TestContext, services: readonly Partial<ServiceSpec>[]): Scene {
  const project = mkdtempSync(join(tmpdir(), "homeostat-supervisor-"));
  const told: InputDraft[] = [];
  const drained: string[] = [];
  const supervisor = createSupervisor({
    platform: linuxPlatform(),
    clock: systemClock,
    random: seeded(Date.now() % 1_000),
    log: silentLog,
    project,
    services: services.map((over) => ({
      name: "app",
      replicas: 1,
      command,
      cwd: "/",
      env: { PATH: process.env.PATH ?? "", ...over.env },
      wantsPort: true,
      dependsOn: [],
      probe: { probe: httpProbe({ path: "/" }), periodMs: 100, timeoutMs: 1_000 },
      stop: { signal: "SIGTERM", waitMs: 500 },
      isExpectedExit: (code) => code === 0,
      startupMs: 10_000,
      ...Object.fromEntries(Object.entries(over).filter(([key]) => key !== "env")),
    })),
    logFile: (target) => join(project, `${target.replace("/", "-")}.log`),
    lastLines: () => [],
    emit: (draft) => void told.push(draft),
    observe: () => {},
    drain: async (target) => void drained.push(target),
    beforeExit: () => {},
  });
  t.after(async () => {
    await endMarked(project);
    rmSync(project, { recursive: true });
  });
  const exitOf = (target: string): Exit | undefined => {
    const event = told.findLast((it) => it.type === "instance.exited" && it.subject === target);
    return event?.type === "instance.exited" ? event.data : undefined;
  };
  return {
    supervisor,
    told,
    drained,
    marked: () => markedBy(project),
    exit: async (target) => {
      await eventually(`${target} ends`, () => exitOf(target) !== undefined);
      return exitOf(target) ?? assert.fail();
    },
  };
}

async function boot({ supervisor }: Scene): Promise<void> {
  supervisor.adopt(anew);
  await supervisor.boot(anew, new AbortController().signal);
}

const order = (told: readonly InputDraft[], type: InputDraft["type"]): readonly string[] =>
  told.filter((it) => it.type === type).map((it) => it.subject);

test("dependents start when what they need is ready, and stop before it", async (t) => {
  const it = scene(t, [
    { name: "web", dependsOn: ["api"] },
    { name: "api", dependsOn: ["db"], env: { STARTS_AFTER_MS: "300" } },
    { name: "db" },
  ]);
  await boot(it);
  await it.supervisor.ready("web/1");
  assert.deepEqual(order(it.told, "instance.started"), ["db/1", "api/1", "web/1"]);
  assert.deepEqual(order(it.told, "instance.ready"), ["db/1", "api/1", "web/1"]);
  const at = (type: InputDraft["type"], subject: string): number =>
    it.told.findIndex((one) => one.type === type && one.subject === subject);
  assert.ok(at("instance.ready", "api/1") < at("instance.started", "web/1"));
  await it.supervisor.stopAll("test");
  assert.deepEqual(order(it.told, "instance.exited"), ["web/1", "api/1", "db/1"]);
  assert.deepEqual(it.drained, ["web/1", "api/1", "db/1"]);
  assert.deepEqual(it.marked(), []);
});

test("replicas get ports of their own; a rolling restart replaces one after the other", async (t) => {
  const it = scene(t, [{ replicas: 3 }]);
  await boot(it);
  for (const target of ["app/1", "app/2", "app/3"]) await it.supervisor.ready(target);
  const ports = it.supervisor.running().map((one) => one.port);
  assert.equal(new Set(ports).size, 3);
  const before = it.marked().map((one) => one.pid);
  const steps: string[] = [];
  await it.supervisor.rolling("app", "test", (text) => steps.push(text));
  assert.deepEqual(
    steps,
    [1, 2, 3].map((n) => `app/${n} replaced and ready`),
  );
  const after = it.marked().map((one) => one.pid);
  assert.equal(after.length, 3);
  assert.equal(
    after.some((pid) => before.includes(pid)),
    false,
  );
  // Never two of them away at once.
  let away = 0;
  for (const { type } of it.told.slice(
    it.told.findIndex((one) => one.type === "instance.stopping"),
  )) {
    if (type === "instance.stopping") away += 1;
    if (type === "instance.ready") away -= 1;
    assert.ok(away <= 1);
  }
});

test("two starts at once make one process", async (t) => {
  const it = scene(t, [{}]);
  await Promise.all([it.supervisor.start("app/1", "A1"), it.supervisor.start("app/1", "A2")]);
  assert.equal(it.marked().length, 1);
  assert.deepEqual(order(it.told, "instance.started"), ["app/1"]);
});

test("a crash is told with its code or signal, and its group ends with it", async (t) => {
  const it = scene(t, [{}, { name: "other" }]);
  await boot(it);
  await Promise.all([it.supervisor.ready("app/1"), it.supervisor.ready("other/1")]);
  const tell = async (target: string, path: string): Promise<void> => {
    const { port } = it.supervisor.running().find((one) => one.target === target) ?? {};
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  };
  await tell("app/1", "/child");
  assert.equal(it.marked().length, 3);
  await tell("app/1", "/end?n=3");
  const coded = await it.exit("app/1");
  assert.deepEqual([coded.code, coded.expected, coded.text], [3, false, "exit code 3"]);
  assert.equal(it.marked().length, 1, "its child went with it");
  process.kill(it.marked()[0]?.pid ?? 0, "SIGKILL");
  const killed = await it.exit("other/1");
  assert.deepEqual(
    [killed.code, killed.signal, killed.text],
    [137, "SIGKILL", "killed by SIGKILL"],
  );
});

test("a stop that is not obeyed ends with KILL, and tells each step", async (t) => {
  const it = scene(t, [{ env: { IGNORES_TERM: "1" } }]);
  await boot(it);
  await it.supervisor.ready("app/1");
  const steps: string[] = [];
  await it.supervisor.stop("app/1", { by: "A1" }, (text) => steps.push(text));
  assert.deepEqual(steps, [
    "drained",
    "SIGTERM: it did not end",
    "SIGKILL to the whole group: it ended",
  ]);
  const { expected, stopped } = await it.exit("app/1");
  assert.deepEqual({ expected, stopped }, { expected: true, stopped: true });
});

test("a command that is not there is told as an exit, and is no process", async (t) => {
  const it = scene(t, [{ command: ["/no/such/program"] }]);
  await boot(it);
  const { code, expected, uptimeMs, text } = await it.exit("app/1");
  assert.deepEqual({ code, expected, uptimeMs }, { code: null, expected: false, uptimeMs: 0 });
  assert.match(text, /no command/);
  assert.deepEqual(it.marked(), []);
});

test("what an instance has put into another group ends with it when it is stopped", async (t) => {
  const it = scene(t, [{}]);
  await boot(it);
  await it.supervisor.ready("app/1");
  const { port } = it.supervisor.running()[0] ?? {};
  await (await fetch(`http://127.0.0.1:${port}/detached`)).text();
  assert.equal(it.supervisor.sweep(), 0, "what lives is not swept");
  assert.equal(it.marked().length, 2);
  await it.supervisor.stop("app/1", { by: "test" });
  assert.deepEqual(it.marked(), []);
});

test("… and is swept soon after it has died by itself", async (t) => {
  const it = scene(t, [{}]);
  await boot(it);
  await it.supervisor.ready("app/1");
  const { port } = it.supervisor.running()[0] ?? {};
  await (await fetch(`http://127.0.0.1:${port}/detached`)).text();
  await (await fetch(`http://127.0.0.1:${port}/end?n=3`)).text();
  await it.exit("app/1");
  await eventually("nothing is left", () => it.marked().length === 0);
});
