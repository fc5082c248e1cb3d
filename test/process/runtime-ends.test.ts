// The matrix of ends: each way a whole app can end, its exit code and what it logged, as real processes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type RunningApp, startApp } from "./support/runtime-run.ts";

const program = fileURLToPath(new URL("support/ends-app.ts", import.meta.url));

interface End {
  readonly name: string;
  readonly arg: string;
  readonly befalls?: (app: RunningApp) => void | Promise<void>;
  readonly code: number;
  /** In this order in what it printed. */
  readonly says: readonly (string | RegExp)[];
  readonly neverSays?: readonly (string | RegExp)[];
  /** On stderr, which the thread that watches writes to while the main thread blocks. */
  readonly errors?: RegExp;
}

const leak =
  readFileSync(program, "utf8")
    .split("\n")
    .findIndex((text) => text.endsWith("// leak: server")) + 1;

const orderly = ["drained, ready=false", "reporters flushed", "shutdown complete"];
const kill = (signal: NodeJS.Signals) => (app: RunningApp) => void app.child.kill(signal);
const harmless = ["captured", "[WARN]", "[ERROR]"];

const ends: readonly End[] = [
  {
    name: "normal",
    arg: "normal",
    code: 0,
    says: ["stopping: the work is done", ...orderly],
    neverSays: harmless,
  },
  {
    name: "SIGTERM",
    arg: "waits",
    befalls: kill("SIGTERM"),
    code: 0,
    says: ["stopping: SIGTERM", ...orderly],
    neverSays: harmless,
  },
  {
    name: "SIGINT twice",
    arg: "a slow drain",
    befalls: async (app) => {
      app.child.kill("SIGINT");
      await app.printed("stopping: SIGINT");
      // Sooner it would be taken for the same Ctrl-C, as npm passes it on.
      await new Promise((resolve) => setTimeout(resolve, 350));
      app.child.kill("SIGINT");
    },
    code: 130,
    says: ["stopping: SIGINT", "SIGINT after SIGINT: exit 130"],
    neverSays: ["shutdown complete"],
  },
  {
    name: "an uncaught exception",
    arg: "uncaught",
    code: 1,
    says: ["captured Error: nobody caught me", "uncaught exception: nobody caught me", ...orderly],
  },
  {
    name: "an unhandled rejection",
    arg: "rejection",
    code: 1,
    says: [
      "captured Error: nobody awaited me",
      "unhandled rejection: nobody awaited me",
      ...orderly,
    ],
  },
  {
    name: "a lost worker",
    arg: "lost worker",
    code: 1,
    says: ["worker broken#1 was lost", /dying: .*broken#1.*ends-app\.ts:\d+/, ...orderly],
  },
  {
    name: "a blocked loop",
    arg: "blocked loop",
    code: 70,
    says: ["up"],
    neverSays: ["shutdown complete"],
    errors: /blocked[\s\S]*spinForEver .*ends-app\.ts:\d+/,
  },
  {
    name: "a fatal dependency",
    arg: "fatal dependency",
    code: 75,
    says: [/\[WARN\].*the database is gone/, ...orderly],
    neverSays: ["captured", "[ERROR]"],
  },
  {
    name: "a fatal dependency at the start",
    arg: "fatal dependency at the start",
    code: 75,
    says: [/\[WARN\].*setup pool failed: the database does not answer/, ...orderly],
    neverSays: ["captured", "[ERROR]", "up\n"],
  },
  {
    name: "a shutdown that is stuck",
    arg: "stuck",
    befalls: kill("SIGTERM"),
    code: 70,
    says: [
      "stopping: SIGTERM",
      new RegExp(`still open: server .*ends-app\\.ts:${leak}:`),
      "closing by force: server",
      "exit 70",
    ],
    // The watchdog's own thread is meant to stay.
    neverSays: ["still open: worker"],
  },
];

describe("ends of a whole app", { concurrency: 2, timeout: 60_000 }, () => {
  for (const { name, arg, befalls, code, says, neverSays = [], errors } of ends) {
    test(name, async () => {
      const app = startApp([arg], { program });
      if (befalls) {
        await app.printed("up\n");
        await befalls(app);
      }
      const ended = await app.ended();
      assert.deepEqual([ended.code, ended.signal], [code, null], ended.out);
      inOrder(ended.out, says);
      if (errors) assert.match(ended.errors, errors);
      for (const words of neverSays)
        assert.equal(at(ended.out, words), -1, `${words}\n${ended.out}`);
    });
  }
});

function inOrder(out: string, all: readonly (string | RegExp)[]): void {
  let rest = out;
  for (const words of all) {
    const found = at(rest, words);
    assert.ok(found >= 0, `${words} is not there, or not in its place:\n${out}`);
    rest = rest.slice(found);
  }
}

function at(text: string, words: string | RegExp): number {
  return typeof words === "string" ? text.indexOf(words) : text.search(words);
}
