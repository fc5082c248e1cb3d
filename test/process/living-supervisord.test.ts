// `homeostat init supervisord` under the real supervisord: start, death, stop, down.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { homeostat } from "./support/command.ts";
import { endMarked, markedBy } from "./support/marked.ts";
import { freePorts, until } from "./support/project.ts";

const supervisord = ["/usr/bin/supervisord", "/usr/local/bin/supervisord"].find(existsSync);
const why = supervisord === undefined && "there is no supervisord: apt-get install supervisor";

describe("homeostat as a program of supervisord", { skip: why, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-supervisord-"));
  const state = join(folder, ".homeostat");
  const conf = join(folder, "supervisord.conf");
  let child: ChildProcess;

  before(async () => {
    const [port = 0] = await freePorts(1);
    const config = {
      ...{ project: "shop", dashboard: { port } },
      services: {
        web: { command: ["sleep", "1111"] },
        deaf: { command: "trap '' TERM; while :; do sleep 0.2; done", stop: { wait: "500ms" } },
      },
    };
    writeFileSync(join(folder, "homeostat.json"), JSON.stringify(config));
    const made = await homeostat(folder, ["init", "supervisord", "--user", "root"]);
    assert.equal(made.code, 0, made.err);
    const program = join(folder, "shop.supervisord.conf");
    const text = readFileSync(program, "utf8");
    assert.match(text, /^startsecs=3$/m);
    // The rest of the test need not wait so long.
    writeFileSync(program, text.replace("startsecs=3", "startsecs=1"));
    writeFileSync(
      conf,
      `[supervisord]
nodaemon=true
logfile=${folder}/supervisord.log
pidfile=${folder}/supervisord.pid
childlogdir=${folder}
[unix_http_server]
file=${folder}/ctl.sock
[supervisorctl]
serverurl=unix://${folder}/ctl.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[include]
files=${folder}/shop.supervisord.conf
`,
    );
    child = spawn(supervisord ?? "", ["-n", "-c", conf], { stdio: "ignore" });
  });
  after(async () => {
    if (child?.exitCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    await endMarked(state);
    rmSync(folder, { recursive: true, force: true });
  });

  const control = (...words: readonly string[]): string => {
    try {
      const program = (supervisord ?? "").replace(/d$/, "ctl");
      return execFileSync(program, ["-c", conf, ...words], { encoding: "utf8", timeout: 60_000 });
    } catch (error) {
      // Its exit code tells about the program, and it may not listen yet.
      return String((error as { readonly stdout?: unknown }).stdout ?? "");
    }
  };
  const leaders = (target: string): readonly number[] =>
    markedBy(state).flatMap((it) => (it.target === target && it.leader ? [it.pid] : []));
  const runs = (): Promise<{ readonly daemon: number; readonly web: number }> =>
    until("all runs", 40_000, async () => {
      const daemon = notePid();
      const [web, deaf] = [leaders("web/1"), leaders("deaf/1")];
      if (daemon === undefined || web.length !== 1 || deaf.length !== 1) return undefined;
      return { daemon, web: web[0] ?? 0 };
    });
  const notePid = (): number | undefined => {
    const file = join(state, "daemon.json");
    return existsSync(file) ? Number(JSON.parse(readFileSync(file, "utf8")).pid) : undefined;
  };

  it("is started, and again when it dies: then it adopts its services", async () => {
    const first = await runs();
    process.kill(first.daemon, "SIGKILL");
    await until("another one", 40_000, async () => (notePid() !== first.daemon ? true : undefined));
    const second = await runs();
    assert.equal(second.web, first.web);
    await until("it says so", 20_000, async () => {
      return control("status").includes(`RUNNING   pid ${second.daemon},`) ? true : undefined;
    });
  });

  it("stops its services in their time, and leaves nothing behind", async () => {
    assert.match(control("stop", "shop"), /shop: stopped/);
    assert.deepEqual(markedBy(state), []);
  });

  it("is not started again after homeostat down", async () => {
    control("start", "shop");
    await runs();
    assert.equal((await homeostat(folder, ["down"])).code, 0);
    await until("it has ended", 20_000, async () => {
      return control("status").includes("EXITED") ? true : undefined;
    });
    assert.deepEqual(markedBy(state), []);
  });
});
