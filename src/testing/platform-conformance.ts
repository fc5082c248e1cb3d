// What every platform must keep to; it starts short-lived shells and ends all it started.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Platform, StartSpec } from "../platforms/platform.ts";
import { eventually, within } from "./waiting.ts";

/** One platform, a folder for its files, and the processes that must be gone after the test. */
interface Bench {
  readonly platform: Platform;
  readonly folder: string;
  readonly project: string;
  readonly start: (script: string, more?: Partial<StartSpec>) => Promise<ProcessIdentity>;
  readonly spec: (more: Partial<StartSpec>) => StartSpec;
  readonly log: () => string;
}

/** Registers the tests with node:test. The machine needs `/bin/sh`, `sleep` and `env`. */
export function platformConformance(name: string, make: () => Platform): void {
  describe(`${name} keeps to the platform contract`, () => {
    let bench: Bench;
    let started: ProcessIdentity[];
    beforeEach(() => {
      started = [];
      bench = open(make(), started);
    });
    afterEach(async () => {
      for (const identity of started) bench.platform.signalGroup(identity, "SIGKILL");
      await eventually("all groups are gone", () =>
        started.every((identity) => !bench.platform.groupAlive(identity)),
      );
      rmSync(bench.folder, { recursive: true, force: true });
    });

    it("gives exactly the environment, the marks and the port", () => givesEnvironment(bench));
    it("adds to the log and makes its folder", () => addsToLog(bench));
    it("names the process that it started", () => namesProcess(bench));
    it("tells the exit code", () => tellsCode(bench));
    it("tells the signal", () => tellsSignal(bench));
    it("tells the end of a process that it did not start", () => tellsAdopted(bench, make()));
    it("refuses what cannot be started, with the reason", () => refuses(bench));
    it("signals the whole group", () => signalsGroup(bench));
    it("signals one process only", () => signalsOne(bench));
    it("knows a group that outlived its leader", () => knowsLeaderless(bench));
    it("never signals a process that is another one", () => sparesOthers(bench));
    it("finds the processes of one project", () => finds(bench));
    it("measures a process until it ends", () => measures(bench));
  });
}

function open(platform: Platform, started: ProcessIdentity[]): Bench {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-platform-"));
  const project = `${folder}/project`;
  const logFile = join(folder, "logs", "web-1.log");
  const spec = (more: Partial<StartSpec>): StartSpec => ({
    target: "web/1",
    project,
    run: "r1",
    command: ["/bin/sh", "-c", "exit 0"],
    cwd: folder,
    env: { PATH: "/usr/bin:/bin" },
    logFile,
    ...more,
  });
  return {
    platform,
    folder,
    project,
    spec,
    start: async (script, more = {}) => {
      const identity = await platform.start(spec({ command: ["/bin/sh", "-c", script], ...more }));
      started.push(identity);
      return identity;
    },
    log: () => readFileSync(logFile, "utf8"),
  };
}

const bounded = <T>(promise: Promise<T>): Promise<T> => within(10_000, promise);

async function givesEnvironment({ platform, start, log, project }: Bench): Promise<void> {
  const env = { PATH: "/usr/bin:/bin", GREETING: "good day", PORT: "1", HOMEOSTAT_RUN: "other" };
  await bounded(platform.ended(await start("exec env", { env, port: 4_321 })));
  const lines = log().trimEnd().split("\n");
  // Shells set these themselves.
  const given = lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
  assert.deepEqual(given.sort(), [
    "GREETING=good day",
    "HOMEOSTAT_INSTANCE=web/1",
    `HOMEOSTAT_PROJECT=${project}`,
    "HOMEOSTAT_RUN=r1",
    "PATH=/usr/bin:/bin",
    "PORT=4321",
  ]);
}

async function addsToLog({ platform, start, log }: Bench): Promise<void> {
  await bounded(platform.ended(await start("echo out; echo err >&2; pwd")));
  await bounded(platform.ended(await start("cat; echo second")));
  const lines = log().trimEnd().split("\n");
  assert.deepEqual([lines[0], lines[1], lines[3]], ["out", "err", "second"]);
  assert.match(lines[2] ?? "", /homeostat-platform-/, "it runs in its folder, without input");
}

async function namesProcess({ platform, start, log }: Bench): Promise<void> {
  const identity = await start("echo $$; sleep 60");
  await eventually("the pid is logged", () => log().endsWith("\n"));
  assert.equal(log(), `${identity.pid}\n`);
  assert.equal(identity.bootId, platform.bootId);
  assert.ok(identity.startTicks > 0);
  assert.equal(platform.alive(identity), true);
}

async function tellsCode({ platform, start }: Bench): Promise<void> {
  const identity = await start("exit 7");
  const end = await bounded(platform.ended(identity));
  assert.deepEqual(end, { code: 7, signal: null, known: true });
  assert.deepEqual(await bounded(platform.ended(identity)), end, "asked late, told the same");
  assert.equal(platform.alive(identity), false);
  assert.equal(platform.groupAlive(identity), false);
  assert.ok(identity.startTicks > 0, "also one that ended at once has an identity");
}

async function tellsSignal({ platform, start }: Bench): Promise<void> {
  const identity = await start("sleep 60");
  assert.equal(platform.signalGroup(identity, "SIGKILL"), true);
  const ended = { code: null, signal: "SIGKILL", known: true };
  assert.deepEqual(await bounded(platform.ended(identity)), ended);
}

async function tellsAdopted({ platform, start }: Bench, second: Platform): Promise<void> {
  const identity = await start("sleep 60");
  const end = bounded(second.ended(identity));
  assert.ok(second.alive(identity) && platform.signalGroup(identity, "SIGKILL"));
  const { known, ...how } = await end;
  assert.deepEqual(how, { code: null, signal: known ? "SIGKILL" : null });
}

async function refuses(bench: Bench): Promise<void> {
  const { platform, spec, folder, project } = bench;
  const plainFile = join(folder, "plain");
  writeFileSync(plainFile, "text", { mode: 0o644 });
  const orphanScript = join(folder, "script");
  writeFileSync(orphanScript, "#!/no/interpreter\n", { mode: 0o755 });
  const cases: readonly (readonly [Partial<StartSpec>, RegExp])[] = [
    [{ command: ["no-such-command"] }, /no command "no-such-command"/],
    [{ command: [] }, /command is empty/],
    [{ command: [plainFile] }, /may not be executed/],
    [{ command: [orphanScript] }, /interpreter/],
    [{ cwd: join(folder, "nowhere") }, /no folder .*nowhere/],
    [{ logFile: join(plainFile, "web.log") }, /log file/],
    [{ command: ["/bin/sh", "-c", "\0"] }, /null bytes/],
  ];
  for (const [more, reason] of cases) {
    await assert.rejects(platform.start(spec(more)), (error: unknown) => {
      assert.ok(error instanceof HomeostatError);
      assert.equal(error.code, "SPAWN_FAILED");
      assert.match(error.message, reason);
      return true;
    });
  }
  assert.deepEqual(platform.scan(project), []);
}

async function signalsGroup({ platform, start, log }: Bench): Promise<void> {
  const identity = await start("sleep 60 & sleep 61 & echo up; wait");
  await eventually("it is up", () => log() === "up\n");
  assert.equal(platform.signalGroup(identity, "SIGTERM"), true);
  await bounded(platform.ended(identity));
  await eventually("the group is gone", () => !platform.groupAlive(identity));
  assert.equal(platform.signalGroup(identity, "SIGTERM"), false);
}

async function signalsOne({ platform, start, log, project }: Bench): Promise<void> {
  const identity = await start("sleep 60 & echo up; wait");
  await eventually("it is up", () => log() === "up\n" && platform.scan(project).length === 2);
  const member = platform.scan(project).find(({ leader }) => !leader);
  assert.ok(member);
  assert.equal(platform.signal(identity, "SIGKILL"), true);
  await bounded(platform.ended(identity));
  assert.equal(platform.signal(identity, "SIGKILL"), false);
  assert.equal(platform.alive(member.identity), true);
  assert.equal(platform.signal(member.identity, "SIGKILL"), true);
  await eventually("the member is gone", () => !platform.alive(member.identity));
}

async function knowsLeaderless({ platform, start }: Bench): Promise<void> {
  const identity = await start("sleep 60 & exit 0");
  await bounded(platform.ended(identity));
  assert.equal(platform.alive(identity), false);
  assert.equal(platform.groupAlive(identity), true);
  assert.equal(platform.signalGroup(identity, "SIGKILL"), true);
  await eventually("the group is gone", () => !platform.groupAlive(identity));
}

async function sparesOthers({ platform, start }: Bench): Promise<void> {
  const identity = await start("sleep 60");
  const { pid, startTicks } = identity;
  const strangers: readonly ProcessIdentity[] = [
    { ...identity, startTicks: startTicks - 1 },
    { ...identity, startTicks: startTicks + 1 },
    { ...identity, bootId: "another boot" },
    ...[0, 1, -1, -pid, Number.NaN].map((other) => ({ ...identity, pid: other })),
  ];
  for (const stranger of strangers) {
    assert.equal(platform.alive(stranger), false);
    assert.equal(platform.groupAlive(stranger), false);
    assert.equal(platform.signalGroup(stranger, "SIGKILL"), false);
    assert.equal(platform.signal(stranger, "SIGKILL"), false);
    assert.equal(platform.figures(stranger), undefined);
    assert.equal((await bounded(platform.ended(stranger))).known, false);
  }
  assert.equal(platform.alive(identity), true);
}

async function finds({ platform, start, project }: Bench): Promise<void> {
  const first = await start("sleep 60 & wait", { port: 4_321 });
  const second = await start("exec sleep 60", { target: "db/1", run: "r2" });
  await start("exec sleep 60", { project: `${project}/inner` });
  await eventually("three are found", () => platform.scan(project).length === 3);
  const found = platform.scan(project).toSorted((a, b) => a.identity.pid - b.identity.pid);
  const leaders = found.filter(({ leader }) => leader);
  assert.deepEqual(leaders, [
    { target: "web/1", run: "r1", identity: first, leader: true, group: first.pid, port: 4_321 },
    { target: "db/1", run: "r2", identity: second, leader: true, group: second.pid },
  ]);
  const [child] = found.filter(({ leader }) => !leader);
  assert.deepEqual([child?.target, child?.run, child?.port], ["web/1", "r1", 4_321]);
  platform.signalGroup(second, "SIGKILL");
  await bounded(platform.ended(second));
  assert.ok(platform.scan(project).every(({ target }) => target === "web/1"));
}

async function measures({ platform, start }: Bench): Promise<void> {
  const identity = await start("while :; do :; done");
  await eventually("it has used CPU", () => (platform.figures(identity)?.cpuMs ?? 0) >= 20);
  const figures = platform.figures(identity);
  assert.ok(figures);
  assert.ok(figures.rssBytes > 100_000 && figures.rssBytes < 100_000_000, `${figures.rssBytes}`);
  assert.equal(figures.threads, 1);
  // Its three, and what the test runner itself was given and passes on.
  assert.ok(figures.fds >= 3 && figures.fds < 32, `${figures.fds}`);
  platform.signalGroup(identity, "SIGKILL");
  await bounded(platform.ended(identity));
  assert.equal(platform.figures(identity), undefined);
}
