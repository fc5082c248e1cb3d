// How an app ends, as real processes: each way to end, its exit code and what was logged.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { onlyOursHolds } from "../support/fault.ts";
import { type RunningApp, startApp, times } from "./support/runtime-run.ts";

interface End {
  readonly name: string;
  readonly args: readonly string[];
  /** What befalls it once it is up. */
  readonly befalls?: (app: RunningApp) => void | Promise<void>;
  readonly code: number;
  /** Printed so many times. */
  readonly prints: Readonly<Record<string, number>>;
}

const kill = (signal: NodeJS.Signals) => (app: RunningApp) => void app.child.kill(signal);
const orderly = { drained: 1, "reporters flushed": 1, "shutdown complete": 1 };

const ends: readonly End[] = [
  {
    name: "normal: nothing is left to do",
    args: ["normal"],
    code: 0,
    prints: { ...orderly, "[WARN]": 0, "[ERROR]": 0 },
  },
  { name: "bye", args: ["bye"], code: 0, prints: { ...orderly, "stopping: bye": 1 } },
  {
    name: "a main that waits for ever keeps Node's own code",
    args: ["main waits for ever"],
    code: 13,
    prints: { ...orderly, "exitCode=0": 0 },
  },
  {
    name: "SIGTERM",
    args: ["waits"],
    befalls: kill("SIGTERM"),
    code: 0,
    prints: { ...orderly, "stopping: SIGTERM": 1, "[WARN]": 0, "[ERROR]": 0, captured: 0 },
  },
  {
    name: "SIGINT",
    args: ["waits"],
    befalls: kill("SIGINT"),
    code: 0,
    prints: { ...orderly, "stopping: SIGINT": 1, "[WARN]": 0 },
  },
  {
    name: "SIGTERM while main waits for something that never comes",
    args: ["held and waits for ever"],
    befalls: kill("SIGTERM"),
    code: 0,
    prints: orderly,
  },
  {
    name: "SIGTERM with sleeps that nobody awaits: no crash",
    args: ["floating sleeps"],
    befalls: kill("SIGTERM"),
    code: 0,
    prints: { ...orderly, captured: 0, dying: 0 },
  },
  {
    name: "SIGINT twice: hard",
    args: ["deaf step"],
    befalls: async (app) => {
      app.child.kill("SIGINT");
      await app.printed("stopping: SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 400));
      app.child.kill("SIGINT");
    },
    code: 130,
    prints: {
      "SIGINT after SIGINT: exit 130": 1,
      "the deaf one (workers)": 1,
      "shutdown complete": 0,
    },
  },
  {
    name: "SIGINT that arrives twice at once is one",
    args: ["waits"],
    befalls: async (app) => {
      app.child.kill("SIGINT");
      await app.printed("stopping: SIGINT");
      app.child.kill("SIGINT");
    },
    code: 0,
    prints: orderly,
  },
  {
    name: "uncaught exception",
    args: ["uncaught"],
    code: 1,
    prints: {
      ...orderly,
      "captured process fatal=true: TypeError: x is not a function": 1,
      "[ERROR] uncaught exception: x is not a function": 1,
      captured: 1,
    },
  },
  {
    name: "unhandled rejection",
    args: ["rejection"],
    code: 1,
    prints: { ...orderly, captured: 1, "[ERROR] unhandled rejection: nobody awaited this": 1 },
  },
  {
    name: "thrown by main",
    args: ["thrown by main"],
    code: 1,
    prints: { ...orderly, captured: 1, "main cannot go on": 4 },
  },
  {
    name: "an error through nested scopes and out of them: captured once",
    args: ["nested"],
    code: 1,
    prints: { ...orderly, captured: 1, "captured inner fatal=false: Error: deep inside": 1 },
  },
  {
    name: "the same error for ever: bounded log",
    args: ["throws for ever"],
    code: 1,
    prints: { "[ERROR] uncaught exception": 20, "more uncaught errors are not logged": 1 },
  },
  { name: "bad config", args: ["config"], code: 78, prints: { ...orderly, captured: 1 } },
  {
    name: "fatal dependency error: a warning, not captured",
    args: ["dependency"],
    code: 75,
    prints: {
      ...orderly,
      captured: 0,
      "[ERROR]": 0,
      "[WARN] scope consumer: the queue does not answer": 1,
    },
  },
  {
    name: "two causes: the first one decides",
    args: ["dies twice"],
    code: 75,
    prints: { ...orderly, "dying: the first cause": 1, 'cause="the first cause"': 1 },
  },
  {
    name: "process.exit(0) in the middle of a crash is no clean end, and is named",
    args: ["crash then exit 0"],
    code: 1,
    prints: { "exit 0 before the shutdown was complete": 1, "runtime-app.ts:": 2 },
  },
  {
    name: "SIGTERM with a step that does not end",
    args: ["deaf step", "debugAfterMs=300", "forceAfterMs=500", "hardAfterMs=800"],
    befalls: kill("SIGTERM"),
    code: 70,
    prints: {
      "shutdown takes longer than 0.3 s; switching to debug logging": 1,
      "still running: shutdown step the deaf one (workers)": 1,
      "shutdown does not end: exit 70": 1,
    },
  },
];

describe("ends of a process", { timeout: 60_000, concurrency: 2 }, () => {
  for (const { name, args, befalls, code, prints } of ends) {
    test(name, async () => {
      const app = startApp(args);
      if (befalls !== undefined) {
        await app.printed("up\n");
        await befalls(app);
      }
      const ended = await app.ended();
      assert.deepEqual([ended.code, ended.signal], [code, null], ended.out);
      const found = Object.keys(prints).map((words) => [words, times(ended.out, words)]);
      assert.deepEqual(Object.fromEntries(found), prints, ended.out);
    });
  }
});

test("fault: no SIGINT in SignalHandler", { timeout: 20_000 }, async () => {
  const original = `process.on("SIGTERM", () => { console.log("drained"); process.exit(0); });
    setInterval(() => {}, 9e3);
    console.log("up");`;
  await onlyOursHolds<RunningApp>(
    {
      imitation: () => startApp(["normal"], { script: original }),
      ours: () => startApp(["waits"]),
      shows: /cut off in the middle of its work/,
    },
    async (app) => {
      await app.printed("up\n");
      app.child.kill("SIGINT");
      const { code, signal, out } = await app.ended();
      const found = { code, signal, drained: times(out, "drained") };
      const orderly = { code: 0, signal: null, drained: 1 };
      assert.deepEqual(found, orderly, "cut off in the middle of its work");
    },
  );
});

describe("a shutdown that is stuck", { timeout: 40_000 }, () => {
  const limits = ["debugAfterMs=500", "forceAfterMs=1000", "hardAfterMs=2500"];
  const source = fileURLToPath(new URL("support/runtime-leaks.ts", import.meta.url));
  const lines = readFileSync(source, "utf8").split("\n");
  const lineOf = (leak: string): string =>
    `${source}:${lines.findIndex((line) => line.endsWith(`// leak: ${leak}`)) + 1}:`;

  test("names for each thing that is open the line that created it, then closes it by force", async () => {
    const app = startApp(["stuck", "timers", ...limits]);
    await app.printed("leaked\n");
    app.child.kill("SIGTERM");
    const { code, out } = await app.ended();
    const open = out.split("\n").filter((line) => line.includes("still open: "));
    const named = (kind: string, leak: string): void => {
      const found = open.filter((line) => line.includes(`still open: ${kind}`));
      const right = found.filter((line) => line.includes(lineOf(leak)));
      assert.equal(right.length, 1, `${kind} of ${lineOf(leak)} among\n${open.join("\n")}`);
    };
    for (const kind of ["client socket", "UDP socket", "worker", "child process", "timer"]) {
      named(kind, kind);
    }
    named("server", "server");
    named("server", "http server");
    named("client socket", "http request");
    named("client socket", "fetch");
    named("accepted socket", "server");
    // Two servers, three sockets to them and three of theirs, one of each other kind, and no more.
    assert.equal(open.length, 12, open.join("\n"));
    assert.match(out, /still open: worker .*doing="at spin /);
    assert.match(out, /still open: timer every 60000 ms/);
    assert.doesNotMatch(out, /hunter2/);
    assert.equal(code, 70);
    const pid = Number(/child (\d+)/.exec(out)?.[1]);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    assert.equal(times(out, "shutdown does not end"), 0, "all could be closed");
  });

  test("without tracking of timers they are counted", async () => {
    const app = startApp(["stuck", ...limits]);
    await app.printed("leaked\n");
    app.child.kill("SIGTERM");
    const { code, out } = await app.ended();
    assert.match(out, /still open: 1 timers; track timers to see/);
    assert.match(out, /shutdown does not end: exit 70/);
    assert.equal(code, 70);
  });

  test("an app that dies does not wait for what is open: it ends with the code of the cause", async () => {
    const app = startApp(["dies and leaks"]);
    const { code, out } = await app.ended();
    assert.equal(code, 75);
    assert.equal(times(out, "shutdown complete"), 1);
    assert.match(out, /dying, and still not at the end after 1000 ms: exit 75/);
    assert.ok(out.includes(lineOf("server")), out);
  });
});

test("SIGHUP switches the log's level, SIGUSR2 lists and reports without secrets", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "homeostat-report-"));
  try {
    const app = startApp(["stuck", "timers"], { cwd });
    await app.printed("leaked\n");
    app.child.kill("SIGHUP");
    await app.printed("SIGHUP: log level debug");
    app.child.kill("SIGUSR2");
    await app.printed("SIGUSR2: diagnostic report");
    app.child.kill("SIGUSR2");
    await app.printed("a report was written just now");
    app.child.kill("SIGHUP");
    await app.printed("SIGHUP: log level info");
    app.child.kill("SIGKILL");
    const { out } = await app.ended();
    process.kill(Number(/child (\d+)/.exec(out)?.[1]), "SIGKILL");
    assert.match(out, /still open: server listening on 127\.0\.0\.1:\d+/);
    const reports = readdirSync(cwd).filter((name) => name.endsWith(".json"));
    assert.equal(reports.length, 1);
    const report = readFileSync(join(cwd, reports[0] ?? ""), "utf8");
    assert.match(report, /"javascriptStack"/);
    assert.doesNotMatch(report, /hunter2/);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
