// sd_notify with real datagrams: both receivers, the real systemd-notify, and a daemon that acts on it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/kernel/clock.ts";
import { createLog } from "../../src/kernel/log.ts";
import type { Event, EventType } from "../../src/model/event.ts";
import { keepNotify, type Notify } from "../../src/platforms/sd-notify/listen.ts";
import { notifyProbe } from "../../src/probes/notify.ts";
import type { InstanceView } from "../../src/protocol/api.ts";
import { probeConformance } from "../../src/testing/probe-conformance.ts";
import type { ServiceConfig } from "../../src/wiring/config.ts";
import type { ProbesConfig } from "../../src/wiring/config-probes.ts";
import { endMarked } from "./support/marked.ts";
import { type Project, until } from "./support/project.ts";
import { project } from "./support/trial.ts";

const support = (name: string): string =>
  fileURLToPath(new URL(`./support/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "homeostat-sd-notify-"));
const say = join(folder, "say");
// An instance of another user runs it, too.
chmodSync(folder, 0o755);

before(() => {
  const made = spawnSync("cc", ["-O1", "-o", say, support("notify-say.c")], { encoding: "utf8" });
  assert.equal(made.status, 0, `cc is missing: apt-get install gcc libc6-dev\n${made.stderr}`);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ears extends Notify {
  readonly path: string;
  readonly said: string[];
  send(text: string, times?: number): { readonly lost: number; readonly worstMs: number };
  /** The process that hears. */
  pid(): number;
}

/** A receiver of its own; `program` is the only one on its PATH. */
function ears(program: "perl" | "python3", state: string): Ears {
  const bin = join(folder, `bin-${program}`);
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, program))) symlinkSync(placeOf(program), join(bin, program));
  const path = join(state, "notify/web-1");
  const said: string[] = [];
  const log = createLog({
    level: "info",
    wall: systemClock.wall,
    write: ({ message }) => said.push(message),
  });
  const socketPath = join(state, "notify.sock");
  const notify = keepNotify({
    ...{ clock: systemClock, random: Math.random, log, project: state, cwd: folder, path: bin },
    ...{ socketPath, sockets: [{ target: "web/1", path }] },
    logFile: join(state, "logs/notify.log"),
  });
  const own = {
    path,
    said,
    send: (text: string, times = 1) => {
      const ran = spawnSync(say, [String(times), "0", text], { env: { NOTIFY_SOCKET: path } });
      return JSON.parse(String(ran.stdout)) as { readonly lost: number; readonly worstMs: number };
    },
    pid: () =>
      Number(String(spawnSync("pgrep", ["-f", "--", `--socket ${socketPath}$`]).stdout).trim()),
  };
  // Its figures are read when they are asked for: a spread would keep those of now.
  return Object.assign(notify, own);
}

/** A shim, as of pyenv, would need more than itself on the PATH. */
function placeOf(program: "perl" | "python3"): string {
  const words =
    program === "perl" ? ["-e", "print $^X"] : ["-c", "import sys; print(sys.executable)"];
  const ran = spawnSync(program, words);
  assert.equal(ran.status, 0, `${program} is missing: apt-get install ${program}`);
  return String(ran.stdout).trim();
}

async function heard(notify: Notify, fits: () => boolean): Promise<void> {
  await until("it was heard", 10_000, async () => {
    await notify.ask("web/1");
    return fits() ? true : undefined;
  });
}

for (const program of ["perl", "python3"] as const) {
  describe(`the receiver in ${program}`, { timeout: 60_000 }, () => {
    const state = join(folder, `state-${program}`);
    let notify: Ears;
    const told = (): ReturnType<Notify["told"]> => notify.told("web/1");
    before(async () => {
      mkdirSync(state);
      notify = ears(program, state);
      await notify.boot();
      await notify.begin("web/1", "r1");
    });
    after(async () => {
      await notify.stop();
      await endMarked(state);
    });

    it("hears the real systemd-notify, and lets it go on at once", async () => {
      assert.equal(statSync(notify.path).mode & 0o777, 0o600);
      const args = ["--ready", "--status=grüße\tan alle", "--pid=1"];
      const env = { ...process.env, NOTIFY_SOCKET: notify.path };
      const ran = spawnSync("systemd-notify", args, { env, timeout: 10_000 });
      assert.equal(ran.status, 0, "systemd-notify is missing: apt-get install systemd");
      await heard(notify, () => told()?.readyAtMs !== undefined);
      assert.deepEqual([told()?.phase, told()?.status], ["ready", "grüße\tan alle"]);
      assert.match(notify.said.join(), /MAINPID= is ignored/);
    });

    it("keeps the last word of each kind", async () => {
      notify.send("STOPPING=1\nRELOADING=1\nEXTEND_TIMEOUT_USEC=5000000\nWATCHDOG_USEC=3000000");
      notify.send("STATUS=one\nSTATUS=two\nX_OWN=1\nno word\nREADY=0\nWATCHDOG=1");
      await heard(notify, () => told()?.status === "two");
      const { phase, withinMs, extendedUntilMs = 0, watchdogAtMs = 0 } = told() ?? {};
      assert.deepEqual([phase, withinMs], ["reloading", 3_000]);
      assert.ok(Math.abs(extendedUntilMs - systemClock.now() - 5_000) < 3_000);
      assert.ok(systemClock.now() - watchdogAtMs < 3_000);
    });

    it("takes 100,000 datagrams and what is none, and nobody waits", async () => {
      const cpu = process.cpuUsage();
      for (const text of ["WATCHDOG=1", "READY=1\nSTATUS=again and again"]) {
        const { lost, worstMs } = notify.send(text, 50_000);
        assert.ok(lost === 0 && worstMs < 2_000, `${text}: ${lost} lost, ${worstMs} ms`);
      }
      notify.send("x".repeat(10_000), 1_000);
      notify.send("\u0001\u0002=\u0003\n\n=\n\u00ff", 1_000);
      await heard(notify, () => told()?.status === "again and again");
      const { user, system } = process.cpuUsage(cpu);
      assert.ok((user + system) / 1_000 < 500, `${user + system} µs of the daemon`);
      assert.match(notify.said.join(), /no sd_notify messages/);
    });

    it("begins anew with a run, drops what was said before it, and keeps it over daemons", async () => {
      notify.send("READY=1\nSTATUS=old");
      await notify.begin("web/1", "r2");
      await notify.ask("web/1");
      assert.deepEqual(told(), { run: "r2" });
      notify.leave();
      notify.send("READY=1\nSTATUS=nobody was there");
      notify = ears(program, state);
      await notify.boot();
      assert.deepEqual([told()?.run, told()?.status], ["r2", "nobody was there"]);
    });

    it("is started again when it dies, hears on the same path, and what it told stays", async () => {
      const since = notify.hearsSinceMs;
      process.kill(notify.pid(), "SIGKILL");
      await until("another one hears", 10_000, async () =>
        notify.hearsSinceMs !== undefined && notify.hearsSinceMs !== since ? true : undefined,
      );
      assert.equal(told()?.status, "nobody was there");
      notify.send("WATCHDOG=trigger");
      await heard(notify, () => told()?.triggerAtMs !== undefined);
      assert.equal(told()?.status, "nobody was there");
    });
  });
}

probeConformance("notify", async () => {
  const told = { "web/1": { phase: "ready", readyAtMs: 0 }, "web/2": {} } as const;
  const ear = {
    told: (target: string) => (target === "web/1" ? told[target] : {}),
    ask: async () => {},
    watch: () => () => {},
    hearsSinceMs: () => 0,
  };
  const deaf = { ...ear, hearsSinceMs: () => undefined };
  return {
    probe: notifyProbe({ ear, word: "ready" }),
    healthy: { target: "web/1" },
    sick: { target: "web/2" },
    broken: { probe: notifyProbe({ ear: deaf, word: "ready" }), of: { target: "web/1" } },
    cleanup: () => {},
  };
});

const healing = {
  mode: "auto",
  cooldown: { first: 0, max: 0 },
  verify: { healthy: "300ms", timeout: "20s" },
} as const;

const tell = async (here: Project, path: string): Promise<string> => {
  const { port } = here.leader("web/1");
  const signal = AbortSignal.timeout(5_000);
  return (await fetch(`http://127.0.0.1:${port}${path}`, { signal })).text();
};

const of = (here: Project, ...types: readonly EventType[]): readonly Event[] =>
  here.journal().filter(({ type }) => types.includes(type));

/** The process listens before it is asked. */
const listens = (here: Project): Promise<true> =>
  until("it listens", 20_000, async () =>
    tell(here, "/").then(
      () => true as const,
      () => undefined,
    ),
  );

const instance = async (here: Project): Promise<InstanceView | undefined> =>
  (await here.view()).services[0]?.instances[0];

/** `first` is what it says at its start. */
async function daemon(
  t: TestContext,
  probes: ProbesConfig,
  first?: string,
  over: Partial<ServiceConfig> = {},
): Promise<Project> {
  const command = [process.execPath, "--conditions=source", support("notified-app.ts")];
  const env = { SAY: say, ...(first === undefined ? {} : { FIRST: first }) };
  return project(t, () => ({ services: { web: { command, probes, healing, env, ...over } } }));
}

describe("a daemon that hears sd_notify", { timeout: 90_000, concurrency: 2 }, () => {
  test("a service is ready when it says so, says what it does, and is out while it reloads", async (t) => {
    const here = await daemon(t, { startup: { notify: true }, readiness: { notify: true } });
    await here.up();
    await listens(here);
    const env: unknown = JSON.parse(await tell(here, "/env"));
    const NOTIFY_SOCKET = join(here.state, "notify/web-1");
    assert.deepEqual(env, { NOTIFY_SOCKET, isOwnPid: false });
    assert.equal((await instance(here))?.state, "starting");
    await tell(here, `/say?${encodeURIComponent("READY=1\nSTATUS=serving 3 tenants")}`);
    await here.healthy();
    assert.equal((await instance(here))?.says, "serving 3 tenants");
    assert.match((await here.cli("status")).out, /serving 3 tenants/);
    await tell(here, "/say?RELOADING=1");
    await until("it reloads", 10_000, async () =>
      (await instance(here))?.says === "reloading: serving 3 tenants" ? true : undefined,
    );
    await tell(here, "/say?READY=1");
    await here.healthy();
    assert.deepEqual(of(here, "incident.opened", "instance.exited"), []);
  });

  test("signs of life that stop and a failure that is told are answered by the loop", async (t) => {
    const liveness = { notify: { watchdog: "1s" }, interval: "100ms" } as const;
    const here = await daemon(t, { startup: { notify: true }, liveness }, "READY=1");
    await here.up();
    await listens(here);
    const env = JSON.parse(await tell(here, "/env")) as Readonly<Record<string, unknown>>;
    assert.deepEqual([env.WATCHDOG_USEC, env.isOwnPid], ["1000000", true]);
    await tell(here, "/beat");
    await here.healthy();
    const first = here.leader("web/1").pid;
    await tell(here, "/flatline");
    const replaced = (times: number): Promise<true> =>
      until(`it was replaced ${times} times`, 20_000, async () =>
        of(here, "action.done").length >= times ? true : undefined,
      );
    await replaced(1);
    const [symptom] = of(here, "symptom.raised");
    assert.match(JSON.stringify(symptom?.data), /no answer: no WATCHDOG=1 for .*, limit 1 s/);
    await listens(here);
    assert.notEqual(here.leader("web/1").pid, first);
    await tell(here, "/beat");
    await until("it helped", 20_000, async () =>
      of(here, "incident.resolved").length === 1 ? true : undefined,
    );
    await tell(here, "/say?WATCHDOG=trigger");
    await replaced(2);
    assert.match(JSON.stringify(of(here, "symptom.raised").at(-1)), /WATCHDOG=trigger/);
  });

  test("READY=1 that was said while no daemon lived counts, and more time for a start is given", async (t) => {
    const startup = { notify: true, interval: "100ms", failures: 10 } as const;
    const here = await daemon(t, { startup }, "EXTEND_TIMEOUT_USEC=60000000");
    const first = await here.up();
    await listens(here);
    await until("its time would be over", 10_000, async () =>
      ((await instance(here))?.uptimeMs ?? 0) > 1_500 ? true : undefined,
    );
    assert.deepEqual(of(here, "symptom.raised"), []);
    const { pid } = here.leader("web/1");
    first.kill("SIGKILL");
    await once(first, "exit");
    await tell(here, "/say?READY=1");
    await here.up();
    await here.healthy();
    assert.equal(here.leader("web/1").pid, pid);
    assert.deepEqual(of(here, "symptom.raised", "instance.exited"), []);
  });

  test("an instance of another user reaches its own socket", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("only root runs services as other users");
    // A shell that everybody may run; it says it with the program that is given to it.
    const command = '"$SAY" 1 0 READY=1; exec sleep 600';
    const over = { command, user: "nobody" };
    const here = await daemon(t, { startup: { notify: true } }, undefined, over);
    await here.up();
    await here.healthy();
    const [socket = ""] = /\/run\/homeostat-[\da-f]{12}\/web-1/.exec(environment(here)) ?? [];
    assert.equal(statSync(socket).uid, statSync(`/proc/${here.leader("web/1").pid}`).uid);
    assert.equal((await here.cli("down")).code, 0);
    assert.ok(!existsSync(dirname(socket)));
  });
});

function environment(here: Project): string {
  const { pid } = here.leader("web/1");
  return String(spawnSync("cat", [`/proc/${pid}/environ`]).stdout);
}
