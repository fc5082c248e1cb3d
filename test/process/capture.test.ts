// Captures from real processes: blocked in JavaScript and in native code, stopped, vanished, well.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { type Capture, captureBlockedStack, captureProcess } from "../../src/platforms/capture.ts";
import { linkOf, readListeners } from "../../src/platforms/inspector-port.ts";
import { readProcesses, readStat } from "../../src/platforms/procfs.ts";
import { eventually, within } from "../../src/testing/waiting.ts";

const limitMs = 2_500;
const ports = "--inspect-port=127.0.0.1:0 --inspect-publish-uid=http";

describe("capture", { timeout: 120_000 }, () => {
  let folder: string;
  const children: ChildProcess[] = [];
  const groups: number[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-capture-"));
    mkdirSync(join(folder, "services"));
  });
  afterEach(async () => {
    for (const group of groups.splice(0)) {
      if (readProcesses().some((stat) => stat.group === group)) process.kill(-group, "SIGKILL");
    }
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a command in a group of its own and waits for its first output. */
  const run = async (command: readonly string[], options = ports): Promise<Running> => {
    const [file = "", ...args] = command;
    const child = spawn(file, args, {
      cwd: folder,
      detached: true,
      env: { PATH: process.env.PATH ?? "", NODE_OPTIONS: options, PASSWORD: "hunter2" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    const { pid = 0 } = child;
    groups.push(pid);
    const running = { child, pid, output: "", errors: "" };
    child.stderr.on("data", (part: Buffer) => {
      running.errors += part;
    });
    child.stdout.on("data", (part: Buffer) => {
      running.output += part;
    });
    await eventually(`${command.join(" ")} is up`, () => running.output.includes("up\n"));
    return running;
  };
  const node = (script: string, options?: string): Promise<Running> => {
    const file = join(folder, "services", `app-${children.length}.mjs`);
    writeFileSync(file, script);
    return run([process.execPath, file], options);
  };
  const capture = async (
    pid: number,
    more: { readonly signal?: AbortSignal; readonly background?: AbortSignal } = {},
  ): Promise<Capture> => {
    const { signal } = new AbortController();
    const taken = await within(
      limitMs,
      captureBlockedStack({ pid, clock: systemClock, signal, ...more }),
    );
    assert.equal(taken.kind, "blocked-stack");
    assert.ok(taken.tookMs >= 0 && taken.tookMs < limitMs);
    return taken;
  };

  it("names the function of an endless loop, and lets it run on", async () => {
    const app = await node(blockedBy(`while (!existsSync("go")) beat();`));
    const taken = await capture(app.pid);
    assert.match(
      taken.summary,
      /^event loop blocked in (resizeThumbnail|beat) \(services\/app-\d\.mjs:\d+\)$/,
    );
    assert.equal(taken.blocked, true);
    const culprit = taken.lines.findIndex((line) =>
      /^at resizeThumbnail \(services\/app-\d\.mjs:6:\d+\)$/.test(line),
    );
    assert.ok(culprit >= 0, taken.lines.join("\n"));
    assert.match(taken.lines.at(-1) ?? "", /^at processTimers \(node:internal/);
    const beats = app.output.length;
    await eventually("it runs on", () => app.output.length > beats + 3);
    const again = await capture(app.pid);
    assert.equal(again.blocked, true, "a second capture works while its port is open");
    writeFileSync(join(folder, "go"), "");
    await eventually("it goes on", () => app.output.endsWith("over\n"));
    await eventually("its port is closed", () => ownListeners(app.pid) === 0);
  });

  it("names the function of a catastrophic expression on a busy machine", async () => {
    const spin = `console.log("up"); for (;;);`;
    await Promise.all([node(spin), run(["/bin/sh", "-c", "echo up; while :; do :; done"])]);
    const app = await node(blockedBy(`/^(a+)+$/.test("a".repeat(60) + "b");`));
    const taken = await capture(app.pid);
    assert.match(
      taken.summary,
      /^event loop blocked in resizeThumbnail \(services\/app-\d\.mjs:6\)$/,
    );
    assert.equal(taken.blocked, true);
  });

  it("sees a loop of microtasks, which answers evaluations but never turns", async () => {
    const app = await node(blockedBy(`const next = () => Promise.resolve().then(next); next();`));
    const taken = await capture(app.pid);
    assert.match(taken.summary, /^event loop blocked in (next \(services|\w+ \(node:internal)/);
  });

  it("says that it is native code, and closes the port that opens afterwards", async () => {
    const app = await node(blockedBy(`execSync("sleep 4; exit 0 # token=abc");`));
    const background = new AbortController();
    const taken = await capture(app.pid, { background: background.signal });
    assert.match(
      taken.summary,
      /^blocked in native code, unless it has its own use for SIGUSR1; child: \/bin\/sh -c sleep 4; .*token=\*\*\*$/,
    );
    assert.equal(taken.blocked, undefined);
    assert.ok(taken.lines.some((line) => line.startsWith("state: ")));
    await eventually("it goes on", () => app.output.endsWith("over\n"));
    await eventually("its port was found", () => app.errors.includes("Debugger attached."));
    await eventually("its port is closed", () => ownListeners(app.pid) === 0);
    background.abort();
    assert.equal((await capture(app.pid)).blocked, false);
  });

  it("leaves a well process as it was, as often as it is asked", async () => {
    const app = await node(`console.log("up"); setInterval(() => console.log("tick"), 50);`);
    for (let round = 0; round < 3; round++) {
      const taken = await capture(app.pid);
      assert.deepEqual([taken.summary, taken.blocked], ["event loop answers (not blocked)", false]);
      const ticks = app.output.length;
      await eventually("it ticks on", () => app.output.length > ticks + 10);
      await eventually("its port is closed", () => ownListeners(app.pid) === 0);
    }
  });

  it("finds the blocked process behind wrappers", async () => {
    const script = join(folder, "services", "inner.mjs");
    writeFileSync(script, blockedBy("for (;;);"));
    const inner = `"${process.execPath}" ${script} & wait`;
    const wrapper = join(folder, "npm.mjs");
    writeFileSync(
      wrapper,
      `import { spawn } from "node:child_process";
       spawn("/bin/sh", ["-c", ${JSON.stringify(inner)}], { stdio: "inherit" });`,
    );
    for (const command of [
      ["/bin/sh", "-c", inner],
      [process.execPath, wrapper],
    ]) {
      const app = await run(command);
      const taken = await capture(app.pid);
      assert.match(
        taken.summary,
        /^event loop blocked in resizeThumbnail \(services\/inner\.mjs:6\)$/,
      );
    }
  });

  it("does not signal what does not catch the signal", async () => {
    const shell = await run(["/bin/sh", "-c", "echo up; sleep 60; exit"]);
    await eventually("its child sleeps", () =>
      readProcesses().some(({ ppid, comm }) => ppid === shell.pid && comm === "sleep"),
    );
    const taken = await capture(shell.pid);
    assert.match(taken.summary, /^not a Node\.js process; state S /);
    assert.equal(taken.blocked, undefined);
    assert.ok(taken.lines.some((line) => /^child \d+: sleep 60$/.test(line)));
    const deaf = await node(blockedBy("for (;;);"), `${ports} --disable-sigusr1`);
    assert.match((await capture(deaf.pid)).summary, /^takes no SIGUSR1/);
    for (const { child } of [shell, deaf])
      assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
  });

  it("signals no child between fork and exec, which would die of it", async () => {
    const app = await node(`
      import { spawnSync } from "node:child_process";
      console.log("up");
      const fork = () => {
        const { status, signal } = spawnSync("/bin/true");
        if (status !== 0) console.log("DIED", signal);
        setImmediate(fork);
      };
      fork();`);
    for (let round = 0; round < 20; round++) assert.equal((await capture(app.pid)).blocked, false);
    assert.doesNotMatch(app.output, /DIED/);
  });

  it("opens no port in a stopped process", async () => {
    const app = await node(`console.log("up"); setInterval(() => console.log("tick"), 50);`);
    app.child.kill("SIGSTOP");
    await eventually("it is stopped", () => readStat(app.pid)?.state === "T");
    const taken = await capture(app.pid);
    assert.equal(taken.summary, "stopped by a signal: no code runs");
    assert.ok(taken.tookMs < 500 && taken.blocked === undefined);
    app.child.kill("SIGCONT");
    const ticks = app.output.length;
    await eventually("it ticks on", () => app.output.length > ticks + 10);
    assert.equal(ownListeners(app.pid), 0);
  });

  it("says that a process is gone, before and while it is asked", async () => {
    const app = await node(blockedBy("for (;;);"));
    const taking = capture(app.pid);
    await systemClock.sleep(200);
    app.child.kill("SIGKILL");
    await once(app.child, "exit");
    const taken = await taking;
    assert.equal(taken.summary, `process ${app.pid} is gone`);
    assert.ok(taken.tookMs < 1_000, "it does not wait for what cannot come");
    assert.equal((await capture(app.pid)).summary, `process ${app.pid} is gone`);
    const { summary, lines } = captureProcess({ pid: app.pid, clock: systemClock });
    assert.deepEqual([summary, lines], [`process ${app.pid} is gone`, []]);
  });

  it("can be ended at any moment, and never leaves the process paused", async () => {
    const app = await node(blockedBy("for (;;) beat();"));
    for (const ms of [0, 30, 60, 100, 200, 400, 430, 450, 470, 500, 550, 600]) {
      const stop = new AbortController();
      const taking = capture(app.pid, { signal: stop.signal });
      await systemClock.sleep(ms);
      stop.abort();
      const abortedAt = performance.now();
      await taking;
      assert.ok(performance.now() - abortedAt < 500, "it ends soon");
      const beats = app.output.length;
      await eventually("it runs on", () => app.output.length > beats + 3);
    }
  });

  it("tells of a process what /proc tells", async () => {
    const app = await node(`
      import { createServer } from "node:net";
      createServer().listen(0, "127.0.0.1", () => console.log("up"));`);
    const taken = captureProcess({ pid: app.pid, clock: systemClock });
    assert.equal(taken.kind, "process");
    assert.match(
      taken.summary,
      /^state [RS] \(\w+\)( in \w+)?, \d+ threads, [\d.]+ MiB, \d+ descriptors$/,
    );
    const text = taken.lines.join("\n");
    assert.match(text, /^command: .*app-\d\.mjs$/m);
    assert.match(text, /^descriptors: \d+ \(anon \d+, file \d+, pipe \d+, socket \d+\)$/m);
    assert.doesNotMatch(text, /hunter2/);
  });
});

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  output: string;
  errors: string;
}

/** Blocks in line 6. */
function blockedBy(statement: string): string {
  return `import { execSync } from "node:child_process";
import { existsSync, writeSync } from "node:fs";
let lastAt = 0;
function beat() { if (Date.now() - lastAt > 20) { lastAt = Date.now(); writeSync(1, "."); } }
function resizeThumbnail() {
  ${statement}
  writeSync(1, "over\\n");
}
setTimeout(() => { writeSync(1, "up\\n"); resizeThumbnail(); }, 1);
setInterval(() => existsSync, execSync ? 1000 : 0);
`;
}

/** How many ports on the loopback the process listens on. */
function ownListeners(pid: number): number {
  const inodes = new Set(readListeners(pid).map(({ inode }) => inode));
  return socketsOf(pid).filter((inode) => inodes.has(inode)).length;
}

function socketsOf(pid: number): readonly string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`) ?? "");
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}
