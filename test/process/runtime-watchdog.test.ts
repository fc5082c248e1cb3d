// The watchdog in real processes: what is lost or blocked, the exit code that follows, and what was logged.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { systemClock } from "../../src/kernel/clock.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { runCase, startCase } from "./support/watchdog-run.ts";

interface End {
  readonly name: string;
  readonly code: number | null;
  readonly signal?: NodeJS.Signals;
  readonly out?: readonly RegExp[];
  readonly err?: readonly RegExp[];
  readonly flags?: readonly string[];
}

const ended = /no beat for \d+ ms: the process ends with code 70/;

const lost: readonly End[] = [
  {
    name: "lost worker",
    code: 1,
    out: [
      /worker resize#1 was lost: out of colours .*watchdog-app\.ts:\d+/,
      /dying: worker resize#1/,
    ],
  },
  { name: "lost worker, code 0", code: 1, out: [/lost resize#1: exit code 0/, /exitCode=1/] },
  { name: "lost worker, alone", code: 1, out: [/the process ends: worker resize#1 was lost/] },
  { name: "lost child", code: 1, out: [/lost ffmpeg#1: ended by SIGKILL/] },
  { name: "lost server", code: 1, out: [/lost http#1: closed/] },
  { name: "lost task", code: 1, out: [/lost consume#1: connection reset/] },
  { name: "silent loop", code: 1, out: [/lost poll#1: no beat for \d+ ms/] },
];

const blocked: readonly End[] = [
  {
    name: "blocked loop",
    code: 70,
    out: [/exit listener 70/],
    err: [/main thread blocked for \d+ ms in burnCpu/, /at burnCpu \(.*watchdog-app\.ts/, ended],
  },
  {
    name: "blocked in a regular expression",
    code: 70,
    err: [/^\{"time":"20.*"stack":\["blocked in a regular expression \(/, ended],
  },
  {
    name: "blocked in native code",
    code: null,
    signal: "SIGKILL",
    err: [/in native code/, ended, /is killed \(SIGKILL\)/],
  },
  { name: "the sweep is broken", code: 70, err: [/turns without a beat/, ended] },
];

const well: readonly End[] = [
  {
    name: "restarts a worker and a child",
    code: 0,
    out: [
      /worker resize#1 runs again .*restarts=2/,
      /child job#1 ended: exit code 0/,
      /seen enough/,
    ],
  },
  { name: "only a restart is left", code: 0, out: [/start 2/] },
  { name: "ends by itself", code: 0, out: [/shutdown complete/] },
  { name: "stops in order", code: 0, out: [/stopping: enough/, /shutdown complete/] },
  {
    name: "blocked for a while",
    code: 0,
    out: [/the main thread was blocked for \d+ ms/],
    err: [/at burnCpu \(/],
  },
];

async function holds({ name, code, signal, out = [], err = [], flags = [] }: End): Promise<void> {
  const end = await runCase(name, { flags });
  const shown = `${end.out}\n${end.err}`;
  assert.deepEqual([end.code, end.signal], [code, signal ?? null], shown);
  for (const words of out) assert.match(end.out, words);
  for (const words of err) assert.match(end.err, words);
}

/** They mostly wait. */
const atOnce = { concurrency: 3 };

describe("what is lost ends the process with a code that is not 0", atOnce, () => {
  for (const end of lost) test(end.name, () => holds(end));
});

describe("a main thread that blocks ends the process, and its stack is there", atOnce, () => {
  for (const end of blocked) test(end.name, () => holds(end));
});

describe("what is no reason to end the process", atOnce, () => {
  for (const end of well) test(end.name, () => holds(end));

  test("an orderly end logs no loss", async () => {
    const { out, err } = await runCase("stops in order");
    assert.doesNotMatch(out, /\[(WARN|ERROR)\]/);
    assert.equal(err, "");
  });

  test("a process that was stopped for longer than the limit (SIGSTOP, a laptop that sleeps)", async () => {
    const app = startCase("stands still");
    await app.printed("ready");
    app.child.kill("SIGSTOP");
    await systemClock.sleep(2_000);
    app.child.kill("SIGCONT");
    const { code, out, err } = await app.ended();
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /still there/);
  });

  test("a debugger port that is open: somebody may stand at a breakpoint", async () => {
    const app = startCase("blocked loop", { flags: ["--inspect=127.0.0.1:0"] });
    const words = "not ended: its debugger port is open";
    await eventually("the watch leaves it alone", () => app.err.includes(words));
    // Twice the time after which it would be killed.
    await systemClock.sleep(600);
    assert.equal(app.child.exitCode ?? app.child.signalCode, null);
    assert.match(app.err, /at burnCpu \(/);
    app.child.kill("SIGKILL");
    await app.ended();
  });
});

test("a lost worker is known within 500 ms; the original took up to 62 s", async (t) => {
  const latencies: number[] = [];
  for (let n = 0; n < 3; n++) {
    const { out } = await runCase("lost worker, alone");
    latencies.push(Number(/latency ([\d.]+) ms/.exec(out)?.[1]));
  }
  t.diagnostic(`detection latency of a lost worker: ${latencies.join(", ")} ms`);
  for (const ms of latencies) assert.ok(ms < 500, `${ms} ms`);
});

test("the outer watch costs little", async (t) => {
  const { out } = await runCase("figures");
  const { rssMb, startMs, cpuPercent } = JSON.parse(out) as Record<string, number>;
  assert.ok(rssMb !== undefined && startMs !== undefined && cpuPercent !== undefined);
  t.diagnostic(
    `outer watch: ${rssMb.toFixed(1)} MB, ${startMs.toFixed(1)} ms, ${cpuPercent} % CPU`,
  );
  // An empty thread of Node 24 costs 12 MB here, of which a third is shared with the main thread.
  assert.ok(rssMb < 20, `${rssMb} MB`);
  assert.ok(startMs < 100, `${startMs} ms`);
  assert.ok(cpuPercent < 3, `${cpuPercent} %`);
});

describe("as it is installed: JavaScript, without a compiler at hand", () => {
  const root = join(import.meta.dirname, "../..");
  const work = mkdtempSync(join(tmpdir(), "homeostat-watchdog-"));
  before(async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const project = { extends: join(root, "tsconfig.build.json"), compilerOptions: {}, files: [] };
    const sources = { files: [join(root, "src/runtime/watchdog/watchdog.ts")], include: [] };
    const compilerOptions = {
      rootDir: join(root, "src"),
      outDir: join(work, "dist"),
      typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(join(work, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(work, "tsconfig.json"),
      JSON.stringify({ ...project, ...sources, compilerOptions }),
    );
    await promisify(execFile)(process.execPath, [tsc, "-p", work]);
  });
  after(() => rmSync(work, { recursive: true, force: true }));

  test("a blocked loop is caught there as well", async () => {
    const script = join(work, "app.js");
    writeFileSync(
      script,
      `import { startOuter } from "./dist/runtime/watchdog/outer.js";
       import { createWatchdog } from "./dist/runtime/watchdog/watchdog.js";
       createWatchdog({ outer: startOuter({ blockedMs: 400, exitMs: 1000 }) });
       setTimeout(function spin() { for (;;) JSON.stringify({}); }, 200);`,
    );
    const { code, err } = await runCase("", { script, flags: ["--no-experimental-strip-types"] });
    assert.equal(code, 70, err);
    assert.match(err, /at spin \(.*app\.js:4:\d+\)/);
    assert.match(readFileSync(join(work, "dist/runtime/watchdog/outer.js"), "utf8"), /new Worker/);
  });
});
