// A capture that begins before it is wanted, of real processes: blocked, well, and blocked in native code.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { captureEarly } from "../../src/platforms/capture.ts";
import { readStat } from "../../src/platforms/procfs.ts";
import { eventually } from "../../src/testing/waiting.ts";

const options = "--inspect-port=127.0.0.1:0 --inspect-publish-uid=http";
const beats = `const { writeSync } = require("node:fs"); let last = 0;
  const beat = () => { if (Date.now() - last > 20) { last = Date.now(); writeSync(1, "."); } };`;

describe("early capture", { timeout: 60_000 }, () => {
  const children: ChildProcess[] = [];
  const stopped = new AbortController();
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  });

  const run = async (
    script: string,
  ): Promise<{ readonly pid: number; said: string; errors: string }> => {
    const child = spawn(process.execPath, ["-e", `${beats}\n${script}`], {
      env: { NODE_OPTIONS: options },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    const app = { pid: child.pid ?? 0, said: "", errors: "" };
    child.stdout.on("data", (part: Buffer) => {
      app.said += part;
    });
    child.stderr.on("data", (part: Buffer) => {
      app.errors += part;
    });
    await eventually("it is up", () => app.said !== "");
    return app;
  };
  const begin = (pid: number): ReturnType<typeof captureEarly> =>
    captureEarly({ pid, clock: systemClock, background: stopped.signal, turnMs: 30 });
  const within = (ms: number): AbortSignal => AbortSignal.timeout(ms);

  it("has the stack of the moment in which it is wanted, at once", async () => {
    const app = await run(`
      const later = Date.now() + 1500;
      function before() { while (Date.now() < later) beat(); }
      function after() { for (;;) beat(); }
      setTimeout(() => { before(); writeSync(1, "later"); after(); }, 1);`);
    const early = begin(app.pid);
    await eventually("it has gone on", () => app.said.includes("later.."));
    const taken = await early.now(within(2_000));
    assert.equal(taken?.blocked, true);
    const text = taken?.lines.join("\n") ?? "";
    assert.match(text, /^at after /m);
    assert.doesNotMatch(text, /^at before /m);
    assert.ok(taken && taken.tookMs < 1_000, `${taken?.tookMs} ms`);
    const { length } = app.said;
    await eventually("it runs on", () => app.said.length > length + 3);
  });

  it("has nothing of a loop that turns, and leaves what is not wanted", async () => {
    const well = await run(
      `setInterval(beat, 1); setInterval(() => { let n = 5e6; while (n--); }, 1);`,
    );
    const early = begin(well.pid);
    await early.over;
    assert.equal(await early.now(within(2_000)), undefined);
    const app = await run("setTimeout(() => { for (;;) beat(); }, 1);");
    const dropped = begin(app.pid);
    await eventually("it is asked", () => app.errors.includes("Debugger attached."));
    const fromMs = performance.now();
    dropped.drop();
    await dropped.over;
    assert.ok(performance.now() - fromMs < 5_000, "it does not wait for its own end");
    const { length } = app.said;
    await eventually("it runs on", () => app.said.length > length + 3);
  });

  it("holds nobody back who exits out of the block", async () => {
    const app = await run(`
      const later = Date.now() + 1000;
      setTimeout(() => { while (Date.now() < later) beat(); process.exit(0); }, 1);`);
    const early = begin(app.pid);
    await eventually("it is asked", () => app.errors.includes("Debugger attached."));
    const [child] = children;
    const fromMs = performance.now();
    if (child?.exitCode === null) await once(child, "exit");
    assert.ok(performance.now() - fromMs < 6_000, app.errors);
    assert.equal(await early.now(within(2_000)), undefined);
  });

  it("gives up in time on who does not answer, and asks nobody who waits", async () => {
    const native = await run(`
      setTimeout(() => require("node:crypto").pbkdf2Sync("a", "b", 2 ** 30, 64, "sha512"), 1);
      beat();`);
    await eventually("it computes", () => readStat(native.pid)?.state === "R");
    const early = begin(native.pid);
    const fromMs = performance.now();
    assert.equal(await early.now(within(5_000)), undefined);
    assert.ok(performance.now() - fromMs < 2_000);
    const idle = await run("beat(); setInterval(() => {}, 1000);");
    await eventually("it waits", () => readStat(idle.pid)?.state === "S");
    const asked = begin(idle.pid);
    await asked.over;
    assert.equal(await asked.now(within(2_000)), undefined);
    assert.equal(idle.errors, "", "no inspector was opened");
    stopped.abort();
  });
});
