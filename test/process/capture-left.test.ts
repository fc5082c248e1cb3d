// What a capture leaves behind: nothing open when its daemon is killed, and no signal to who has its own use for it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import {
  type Asked,
  captureBlockedStack,
  captureEarly,
  closeLeft,
  keepAsked,
} from "../../src/platforms/capture.ts";
import { hasNew } from "../../src/platforms/inspector-port.ts";
import { eventually, within } from "../../src/testing/waiting.ts";
import { createProject, until } from "./support/project.ts";

const options = "--inspect-port=127.0.0.1:0 --inspect-publish-uid=http";
const capture = join(import.meta.dirname, "../../src/platforms/capture.ts");
const clock = join(import.meta.dirname, "../../src/kernel/clock.ts");
const log = join(import.meta.dirname, "../../src/kernel/log.ts");

interface Bench {
  /** Of those who were asked, as the daemon that dies keeps it. */
  readonly file: string;
  /** Runs an app, and resolves when it says `up`. */
  app(script: string): Promise<App>;
  /** Another process that captures early, as a daemon would. */
  daemon(pid: number): ChildProcess;
  asked(): Asked;
}

interface App {
  readonly pid: number;
  said: string;
}

function bench(t: TestContext): Bench {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-left-"));
  const children: ChildProcess[] = [];
  const file = join(folder, "asked");
  const start = (args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    children.push(child);
    return child;
  };
  t.after(async () => {
    for (const child of children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    file,
    asked: () => keepAsked({ file, clock: systemClock, log: silentLog }),
    app: async (script) => {
      const child = start(["-e", script], { NODE_OPTIONS: options });
      const app = { pid: child.pid ?? 0, said: "" };
      child.stdout?.on("data", (part: Buffer) => {
        app.said += part;
      });
      await eventually("it is up", () => app.said.includes("up"));
      return app;
    },
    daemon: (pid) => {
      const script = `
        import { captureEarly, keepAsked } from ${JSON.stringify(capture)};
        import { systemClock as clock } from ${JSON.stringify(clock)};
        import { silentLog as log } from ${JSON.stringify(log)};
        const asked = keepAsked({ file: ${JSON.stringify(file)}, clock, log });
        const background = new AbortController().signal;
        captureEarly({ pid: ${pid}, clock, background, asked, turnMs: 30 });
        setInterval(() => {}, 1000);`;
      return start(["--conditions=source", "--input-type=module", "-e", script], {});
    },
  };
}

const isOpen = ({ pid }: App): boolean => hasNew(pid, new Set());

/** Comes to hang, is asked, and turns again a second after its daemon was stopped or killed. */
async function orphan(it: Bench, signal: "SIGKILL" | "SIGSTOP"): Promise<App> {
  const app = await it.app(`
    const { writeSync } = require("node:fs"); writeSync(1, "up ");
    setTimeout(() => {
      const later = Date.now() + 20_000;
      // What the capture keeps here says that its first evaluation has run.
      while (Date.now() < later && !globalThis[Symbol.for("homeostat.inspector")]);
      writeSync(1, "asked ");
      const more = Date.now() + 1_000;
      while (Date.now() < more);
      setInterval(() => writeSync(1, "."), 50);
    }, 1);`);
  const daemon = it.daemon(app.pid);
  await eventually("it is asked", () => app.said.includes("asked"));
  daemon.kill(signal);
  await eventually("its loop turns again", () => app.said.endsWith("."));
  assert.ok(isOpen(app), "nobody has closed it yet");
  return app;
}

async function runsOn(app: App): Promise<void> {
  const { length } = app.said;
  await eventually("it runs on", () => app.said.length > length + 3);
}

test("a daemon killed in the middle of a capture leaves no inspector open", async (t) => {
  const it = bench(t);
  const app = await orphan(it, "SIGKILL");
  assert.ok(readFileSync(it.file, "utf8").includes(`"pid":${app.pid},`), "the next one would know");
  const other = bench(t);
  const stopped = await orphan(other, "SIGSTOP");
  const atMs = performance.now();
  await within(
    40_000,
    (async () => {
      while (isOpen(app)) await systemClock.sleep(50);
    })(),
  );
  await runsOn(app);
  // Closing waits for the other end: one that is only stopped must not stop the app.
  await systemClock.sleep(Math.max(0, 12_000 - (performance.now() - atMs)));
  await runsOn(stopped);
  assert.ok(isOpen(stopped));
});

test("a daemon killed before the inspector opened: the next one closes it", async (t) => {
  const it = bench(t);
  const app = await it.app(`
    const { writeSync } = require("node:fs"); writeSync(1, "up ");
    setTimeout(() => {
      const wait = "while [ ! -e ${it.file}.go ]; do sleep 0.1; done";
      require("node:child_process").spawnSync("sh", ["-c", wait]);
      setInterval(() => writeSync(1, "."), 50);
    }, 1);`);
  const { pid } = app;
  const first = it.asked();
  first.note(pid, pid, new Set());
  process.kill(pid, "SIGUSR1");
  // That daemon is no more; this is the next one.
  const next = it.asked();
  assert.deepEqual(
    next.left.map((row) => row.pid),
    [pid],
  );
  const over = new AbortController();
  t.after(() => over.abort());
  writeFileSync(`${it.file}.go`, "");
  await eventually("its inspector opens", () => isOpen(app));
  closeLeft(next, { clock: systemClock, signal: over.signal });
  await eventually("it is closed", () => !isOpen(app));
  await eventually("that is written down", () => readFileSync(it.file, "utf8") === "");
  await runsOn(app);
});

test("who has its own use for the signal is asked once", async (t) => {
  const it = bench(t);
  const app = await it.app(`
    process.on("SIGUSR1", () => process.stdout.write("handled "));
    setInterval(() => {
      process.stdout.write("up ");
      const until = Date.now() + 95; while (Date.now() < until);
    }, 100);`);
  const over = new AbortController();
  t.after(() => over.abort());
  const asked = it.asked();
  const { pid } = app;
  const how = { pid, clock: systemClock, background: over.signal, asked };
  const early = captureEarly({ ...how, turnMs: 30 });
  await eventually("its own listener ran", () => app.said.includes("handled"));
  early.drop();
  await early.over;
  const meanwhile = await captureBlockedStack({ ...how, signal: AbortSignal.timeout(300) });
  assert.equal(meanwhile.blocked, undefined, "the first signal is waited for, there is no other");
  await systemClock.sleep(600);
  asked.turned(pid + 1);
  assert.equal(asked.isDeaf(pid), false, "of somebody else");
  asked.turned(pid);
  assert.equal(asked.isDeaf(pid), true);
  const again = captureEarly({ ...how, turnMs: 30 });
  await again.over;
  const taken = await captureBlockedStack({ ...how, signal: AbortSignal.timeout(2_000) });
  assert.match(taken.summary, /^has its own use for SIGUSR1, so it is not asked; /);
  assert.equal(taken.blocked, undefined);
  assert.equal(it.asked().isDeaf(pid), true, "the next daemon knows");
  assert.equal(app.said.match(/handled/g)?.length, 1, app.said);
});

test("a whole daemon asks such an app once, and never where it may not", async (t) => {
  const app = `
    process.on("SIGUSR1", () => console.log("handled"));
    const burn = (ms) => { const until = Date.now() + ms; while (Date.now() < until); };
    // One answer of three takes longer than a probe waits.
    let asked = 0;
    require("http").createServer((_, answer) => { if (++asked % 3 === 0) burn(600); answer.end(); })
      .listen(process.env.PORT, "127.0.0.1");`;
  const web = {
    command: [process.execPath, "-e", app],
    probe: { http: "/", interval: "100ms", timeout: "300ms", failures: 2 },
  };
  const here = await createProject((_, port) => ({
    services: { web: { ...web, port: port() }, not: { ...web, port: port(), capture: false } },
  }));
  t.after(() => here.remove());
  await here.up();
  await until("it is found out", 30_000, async () =>
    /"deaf":true/.test(textOf(join(here.state, "asked"))) ? true : undefined,
  );
  const log = (name: string): string => textOf(join(here.state, "logs", `${name}-1.log`));
  await systemClock.sleep(2_000);
  assert.equal(log("web").match(/handled/g)?.length, 1);
  assert.equal(log("not").includes("handled"), false);
});

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
