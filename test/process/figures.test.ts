// The figures of a process that mostly sleeps: what it does between two looks is seen, and its end.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { figureReader } from "../../src/platforms/linux-figures.ts";
import type { Figures } from "../../src/platforms/platform.ts";
import { readBootId, readStat } from "../../src/platforms/procfs.ts";

interface Sleeper {
  readonly child: ChildProcess;
  readonly figures: () => Figures | undefined;
  /** Lets it do its next step; resolves when it has. */
  next(): Promise<void>;
}

/** Each step is done at a line, and said with one. */
async function sleeper(t: TestContext, steps: readonly string[]): Promise<Sleeper> {
  const text = ["echo", ...steps].map((step) => `${step}; echo done; read line`).join("; ");
  const child = spawn("/bin/sh", ["-c", text], { stdio: ["pipe", "pipe", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  const said = (): Promise<unknown> => once(child.stdout ?? child, "data");
  await said();
  const { pid = 0 } = child;
  const identity = { pid, startTicks: readStat(pid)?.startTicks ?? 0, bootId: readBootId() };
  const reader = figureReader(() => performance.now());
  return {
    child,
    figures: () => reader.of(identity),
    next: async () => {
      const done = said();
      child.stdin?.write("\n");
      await done;
    },
  };
}

/** Whoever has said something may still be on its way to sleep. */
async function atRest({ figures }: Sleeper): Promise<Figures> {
  for (let [last, tries] = [figures(), 0]; ; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = figures();
    if (now !== undefined && now === last) return now;
    assert.ok(tries < 200, "it does not come to rest");
    last = now;
  }
}

test("who has not run shows what it showed, and who has is looked at anew", async (t) => {
  const it = await sleeper(t, ["exec 9</dev/null", "exec 9<&-"]);
  const before = await atRest(it);
  assert.ok(before.rssBytes > 0 && before.threads === 1 && before.switches > 0);
  await it.next();
  const opened = await atRest(it);
  assert.equal(opened.fds, before.fds + 1);
  assert.ok(opened.switches > before.switches);
  await it.next();
  assert.equal((await atRest(it)).fds, before.fds);
});

test("switches are what the kernel says of them", async (t) => {
  const it = await sleeper(t, []);
  const { switches } = await atRest(it);
  const status = readFileSync(`/proc/${it.child.pid}/status`, "utf8");
  const told = [...status.matchAll(/voluntary_ctxt_switches:\t(\d+)/g)];
  const sum = told.reduce((all, [, count]) => all + Number(count), 0);
  assert.ok(Math.abs(sum - switches) <= 1, `${switches} of ${sum}`);
});

test("who was killed while it slept has no figures", async (t) => {
  const it = await sleeper(t, []);
  await atRest(it);
  const ended = once(it.child, "exit");
  it.child.kill("SIGKILL");
  await ended;
  assert.equal(it.figures(), undefined);
  assert.equal(it.figures(), undefined);
});
