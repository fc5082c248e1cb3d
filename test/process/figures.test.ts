// The figures of a process that mostly sleeps: what it does between two looks is seen, and its end.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

test("it takes no more than half of the descriptors there are, and loses none when there are none", async (t) => {
  const script = `
    import { closeSync, openSync, readdirSync } from "node:fs";
    import { spawn } from "node:child_process";
    import { figureReader } from "${join(import.meta.dirname, "../../src/platforms/linux-figures.ts")}";
    import { readBootId, readStat } from "${join(import.meta.dirname, "../../src/platforms/procfs.ts")}";
    const kids = Array.from({ length: 20 }, () => spawn("sleep", ["60"], { stdio: "ignore" }));
    process.on("exit", () => { for (const kid of kids) kid.kill("SIGKILL"); });
    const bootId = readBootId();
    const ids = kids.map(({ pid }) => ({ pid, startTicks: readStat(pid).startTicks, bootId }));
    const reader = figureReader(() => performance.now());
    const open = () => readdirSync("/proc/self/fd").length;
    const from = open();
    const seen = ids.filter((id) => reader.of(id)).length;
    const held = open() - from;
    const taken = [];
    let [before, failed, after] = [0, 0, 0];
    for (let room = 0; room < 6; room++) {
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      for (let i = 0; i < room; i++) closeSync(taken.pop());
      before = taken.length;
      try { reader.of(ids.at(-1)); } catch { failed++; }
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      after += taken.length - before - room;
    }
    console.log(JSON.stringify({ seen, held, failed, after }));
    process.exit(0);`;
  // Node makes its soft limit as high as the hard one when it starts.
  const args = ["-c", 'ulimit -n 64; exec "$@"', "sh", process.execPath];
  const node = ["--conditions=source", "--input-type=module", "-e", script];
  const child = spawn("/bin/sh", [...args, ...node], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGTERM"));
  let said = "";
  child.stdout.on("data", (part: Buffer) => {
    said += part;
  });
  await once(child, "close");
  const { seen, held, failed, after } = JSON.parse(said) as Readonly<Record<string, number>>;
  assert.equal(seen, 20);
  assert.ok(held !== undefined && held > 20 && held <= 32, `${held} of 64`);
  assert.ok(failed !== undefined && failed >= 3, "there was no room");
  assert.equal(after, 0, "what it had opened by then is closed");
});
