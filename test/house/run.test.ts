// The test of how scripts run programs: their end, their words, their limit, their children.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { run } from "../../scripts/run.ts";

const node = process.execPath;

test("gives back the exit code and both streams", async () => {
  const script = "console.log('out'); console.error('err'); process.exitCode = 3;";
  const ended = await run(node, ["-e", script], { keep: true, limitMs: 20_000 });
  assert.equal(ended.code, 3);
  assert.equal(ended.late, false);
  assert.deepEqual(ended.output.trim().split("\n").sort(), ["err", "out"]);
});

test("ends a program and what it started when the limit is over", async () => {
  const child = "setInterval(() => {}, 1000)";
  const script = `
    const { pid } = require("node:child_process").spawn(process.execPath, ["-e", "${child}"]);
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const ended = await run(node, ["-e", script], { keep: true, limitMs: 1_000 });
  assert.equal(ended.late, true);
  assert.equal(ended.code, null);
  const pid = Number(ended.output);
  assert.ok(pid > 0, ended.output);
  assert.equal(await isGone(pid), true);
});

test("rejects when the program does not exist", async () => {
  await assert.rejects(run("./no-such-program", [], { keep: true, limitMs: 1_000 }), /ENOENT/);
});

/** True as soon as it has ended; whoever adopted it may reap it later, or never. */
async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      if (/\) [ZX] /.test(stat)) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
