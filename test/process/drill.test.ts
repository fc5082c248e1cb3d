// Drills against a running project: faults that are really caused, healed, measured and taken back.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../scripts/apt.ts";
import type { DrillResult } from "../../src/model/drill.ts";
import type { ErrorView } from "../../src/protocol/api.ts";
import { type Project, until } from "./support/project.ts";
import { project, service, status } from "./support/trial.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

interface Row extends DrillResult {
  readonly kind: string;
  readonly target: string;
}

async function drill(it: Project, ...args: readonly string[]) {
  const { code, out, err } = await it.cli("--json", "drill", ...args);
  const rows = (): readonly Row[] => {
    assert.ok(out.startsWith("["), `${out}${err}`);
    return JSON.parse(out);
  };
  return { code, err, rows };
}

/** The daemon that a drill has started is nobody's child: it ends by its note, before all is removed. */
function endsAlone(t: TestContext): { of?: Project } {
  const last: { of?: Project } = {};
  t.after(() => {
    const note = last.of && join(last.of.state, "daemon.json");
    if (note !== undefined && existsSync(note)) {
      process.kill(Number(JSON.parse(readFileSync(note, "utf8")).pid), "SIGKILL");
    }
  });
  return last;
}

test("drills are announced, healed, measured, counted and taken back; what stands against one is told", async (t) => {
  const last = endsAlone(t);
  const ports = { web: 0 };
  const it = await project(t, (_, port) => {
    ports.web = port();
    const db = service({ port: port() });
    const web = service({ replicas: 2, port: ports.web, dependsOn: ["db"] });
    // Nothing is seen of what happens to it.
    const calm = service({ replicas: 2, probe: { http: "/", interval: "1m", timeout: "50s" } });
    return { services: { db, web, calm }, drills: { within: "20s" } };
  });
  last.of = it;
  await it.up();
  await it.healthy();
  await refused(it);
  await abandoned(it);
  await killed(it, ports.web);
  await cut(it);
  const { pid } = it.leader("web/1");
  const [daemon, reboot] = (await drill(it, "daemon", "reboot", "--yes", "--force")).rows();
  assert.equal(daemon?.verdict, "passed", daemon?.text);
  assert.equal(reboot?.verdict, "passed", reboot?.text);
  assert.notEqual(it.leader("web/1").pid, pid);
  assert.ok(!it.journal().some((one) => one.type === "incident.escalated"));
});

async function refused(it: Project): Promise<void> {
  const asked = await drill(it, "kill");
  assert.equal(asked.code, 78);
  assert.match(asked.err, /nothing was done. It would do this: kill: KILL to web\/1/);
  await it.post("/api/pause");
  const order = { kind: "kill", by: "test" };
  const stopped = await it.post("/api/drills", order);
  assert.deepEqual([stopped.status, textOf(stopped)], [409, "all healing is stopped by test"]);
  await it.post("/api/resume");
  const lonely = await it.post("/api/drills", { ...order, target: "db" });
  assert.match(textOf(lonely), /no other instance of db is well: add --force/);
  assert.ok(!it.journal().some(({ type }) => type.startsWith("drill.")));
}

function textOf({ body }: { readonly body: unknown }): string {
  return (body as ErrorView).error.message;
}

async function killed(it: Project, port: number): Promise<void> {
  const done = await drill(it, "kill", "--yes");
  const [row] = done.rows();
  assert.deepEqual([done.code, row?.verdict, row?.target], [0, "passed", "web/1"], row?.text);
  const { detectedMs = -1, healedMs = -1, verifiedMs = -1 } = row ?? {};
  assert.ok(detectedMs >= 0 && detectedMs <= healedMs && healedMs <= verifiedMs, row?.text);
  assert.equal(await status(port), 200);
  const { incident, timeline } = await it.incident("1");
  assert.equal(incident.drill, "D2");
  assert.ok(timeline.some(({ text }) => text === "drill D2: kill of web/1, by cli"));
  const told = it.journal().filter(({ type }) => type.startsWith("drill."));
  assert.deepEqual(
    told.slice(-3).map(({ type }) => type),
    ["drill.began", "drill.injected", "drill.ended"],
  );
  const cost = await until("the restart is counted", 10_000, async () => {
    const { services } = await it.view();
    const found = services.find(({ name }) => name === "web")?.restartCost;
    return found && found.restarts > 0 ? found : undefined;
  });
  assert.ok(cost.awayMs > 0 && (cost.cpuMs ?? 0) > 0, JSON.stringify(cost));
}

/** Nobody may make one but root; these services do not talk to each other, so that none falls ill. */
async function cut(it: Project): Promise<void> {
  if (!mayCut()) {
    const { code, err } = await drill(it, "network", "--yes");
    assert.equal(code, 75);
    assert.match(err, /blocking a port needs/);
    return;
  }
  const child = drilling(it, "network");
  const ended = once(child, "exit");
  const rules = (): string => execFileSync(nft, ["list", "tables"]).toString();
  const before = rules();
  await until("packets are dropped", 10_000, async () => rules() !== before || undefined);
  child.kill("SIGTERM");
  const [code] = await ended;
  assert.deepEqual([code, rules()], [1, before], "it takes back what it did");
}

/** Its drill dies before it could end: the daemon takes it back, and the next drill may begin. */
async function abandoned(it: Project): Promise<void> {
  const { pid } = it.leader("calm/1");
  const isStopped = (): boolean => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  const child = drilling(it, "freeze", "--target", "calm/1");
  await until("it is frozen", 10_000, async () => isStopped() || undefined);
  child.kill("SIGKILL");
  await until("it goes on", 20_000, async () => !isStopped() || undefined);
  assert.equal(it.leader("calm/1").pid, pid);
  const cutOff = await until("its end is told", 10_000, async () =>
    it.journal().findLast(({ type }) => type === "drill.ended"),
  );
  assert.match(JSON.stringify(cutOff.data), /"verdict":"failed".*cut off/);
}

function drilling(it: Project, ...args: readonly string[]): ChildProcess {
  const all = ["--conditions=source", entry, "--folder", it.folder, "drill", ...args, "--yes"];
  return spawn(process.execPath, all, { stdio: "ignore" });
}

/** Where the daemon looks for it: a service's PATH may not lead there. */
const nft = findProgram("nft") ?? "nft";

function mayCut(): boolean {
  try {
    execFileSync(nft, ["list", "tables"], { stdio: "pipe" });
    return true;
  } catch {
    // No nft, or no right to use it.
    return false;
  }
}
