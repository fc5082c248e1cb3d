// Programs that an app runs: what they say, how they end, and that nothing of them is left.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HomeostatError } from "../../src/kernel/errors.ts";
import { type Ran, runCommand } from "../../src/runtime/parts/command.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { onlyOursHolds } from "../support/fault.ts";
import { lives } from "./support/lives.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-command-"));
after(() => rmSync(folder, { recursive: true }));

const node = (script: string): [string, string[]] => [process.execPath, ["-e", script]];

/** The pid that a script has written there. */
const pidIn = (file: string): number => Number(readFileSync(join(folder, file), "utf8"));

async function errorOf(running: Promise<Ran>): Promise<HomeostatError> {
  try {
    await running;
  } catch (error) {
    if (error instanceof HomeostatError) return error;
    throw error;
  }
  return assert.fail("it did not reject");
}

test("fault: stderr not captured by exec_cmd", async () => {
  type Run = (file: string, args: string[]) => Promise<Pick<Ran, "code" | "stdout" | "stderr">>;
  // The original opens a pipe for stdout only; what communicate() gives for stderr is None.
  const original: Run = async (file, args) => {
    const child = execFile("sh", ["-c", 'exec "$0" "$@" 2>/dev/null', file, ...args]);
    let stdout = "";
    child.stdout?.on("data", (text) => {
      stdout += text;
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, stdout, stderr: "" };
  };
  await onlyOursHolds<Run>(
    { imitation: () => original, ours: () => runCommand, shows: /the reason is lost/ },
    async (run) => {
      const [file, args] = node("console.log('said'); console.error('why'); process.exit(3)");
      const { code, stdout, stderr } = await run(file, args);
      assert.deepEqual([code, stdout], [3, "said\n"]);
      assert.equal(stderr, "why\n", "the reason is lost");
    },
  );
});

test("any exit code is an answer; input, folder and environment are given, no shell reads a word", async () => {
  const good = await runCommand("cat", [], { stdin: "é\n" });
  assert.deepEqual([good.ok, good.code, good.signal, good.stdout], [true, 0, null, "é\n"]);
  assert.ok(good.tookMs > 0 && !good.truncated);
  const words = ["$HOME", "a b", "; echo no", "`id`"];
  const echoed = await runCommand("printf", ["%s|", ...words]);
  assert.equal(echoed.stdout, words.map((word) => `${word}|`).join(""));
  const where = await runCommand("sh", ["-c", "pwd; echo $ONLY; exit 7"], {
    cwd: folder,
    env: { ONLY: "this" },
  });
  assert.deepEqual([where.ok, where.code, where.stdout], [false, 7, `${folder}\nthis\n`]);
  const hit = await runCommand("sh", ["-c", "kill -HUP $$"]);
  assert.deepEqual([hit.ok, hit.code, hit.signal], [false, null, "SIGHUP"]);
  const deaf = await runCommand("true", [], { stdin: "x".repeat(1_000_000) });
  assert.equal(deaf.ok, true, "input that nobody reads is no fault of the one who gives it");
});

test("what cannot be started rejects, with the reason", async () => {
  await assert.rejects(runCommand("no-such-program", []), {
    code: "SPAWN_FAILED",
    message: /^no-such-program could not be started: .*ENOENT/,
  });
  await assert.rejects(runCommand("true", [], { cwd: join(folder, "not-there") }), /ENOENT/);
  await assert.rejects(runCommand("true", ["a\0b"]), { code: "SPAWN_FAILED" });
  await assert.rejects(runCommand("true", [], { limitMs: 0 }), { code: "OPTION_INVALID" });
});

test("a child that ignores SIGTERM is killed, and the rejection tells what it had said", async () => {
  const [file, args] = node(
    "process.on('SIGTERM', () => console.error('no')); console.log('on'); setInterval(() => {}, 1e6)",
  );
  const error = await errorOf(runCommand(file, args, { limitMs: 700, killAfterMs: 400 }));
  assert.equal(error.code, "TIMED_OUT");
  assert.match(error.message, /was ended by SIGKILL, as it took longer than 700 ms: on\nno$/);
  assert.partialDeepStrictEqual(error.details, { code: null, signal: "SIGKILL", stdout: "on\n" });
  const { tookMs } = error.details as Ran;
  assert.ok(tookMs >= 1_000 && tookMs < 8_000, `${tookMs} ms`);
});

test("grandchildren go with it: those that hold the pipes, and those that ignore SIGTERM", async () => {
  const script = `trap "" TERM; sleep 60 & echo $! > deaf; trap - TERM
    sleep 60 & echo $! > meek; echo ready; wait`;
  const abort = new AbortController();
  const reason = new Error("the app is stopping");
  const running = runCommand("sh", ["-c", script], {
    cwd: folder,
    signal: abort.signal,
    killAfterMs: 300,
  });
  await eventually("they are there", () => {
    try {
      return pidIn("meek") > 0;
    } catch {
      return false;
    }
  });
  const pids = [pidIn("deaf"), pidIn("meek")];
  assert.deepEqual(pids.map(lives), [true, true]);
  abort.abort(reason);
  const error = await errorOf(running);
  assert.deepEqual([error.code, error.cause], ["CANCELLED", reason]);
  assert.match(error.message, /^sh was ended by SIGTERM: ready$/);
  await eventually("none of them lives", () => !pids.some(lives));
});

test("a signal that has aborted, before or in the same turn, runs nothing to its end", async () => {
  const before = AbortSignal.abort(new Error("over"));
  await assert.rejects(runCommand("sleep", ["60"], { signal: before }), /sleep was not started/);
  const abort = new AbortController();
  const running = runCommand("sleep", ["60"], { signal: abort.signal });
  abort.abort();
  await assert.rejects(running, /sleep was ended by SIGTERM/);
});

test("a server that it leaves running is not waited for and not ended", async () => {
  const { stdout, tookMs } = await runCommand("sh", ["-c", "sleep 30 & echo $!"]);
  const pid = Number(stdout);
  try {
    assert.ok(lives(pid));
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  } finally {
    process.kill(pid, "SIGKILL");
  }
});

test("100 MB of output are read and bounded: the end of each stream is kept, in whole characters", async (t) => {
  const script = `const { writeSync } = require("node:fs");
    const line = Buffer.from("é".repeat(32768));
    for (const to of [1, 2]) for (let n = 0; n < 800; n++) {
      for (let at = 0; at < line.length; ) {
        try { at += writeSync(to, line, at); } catch (error) { if (error.code !== "EAGAIN") throw error; }
      }
    }
    writeSync(1, "last of out"); writeSync(2, "last of err");`;
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const heldNow = (): number => {
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const before = heldNow();
  let held = 0;
  let looks = 0;
  const look = setInterval(() => {
    looks += 1;
    held = Math.max(held, heldNow() - before);
  }, 5);
  const [file, args] = node(script);
  const ran = await runCommand(file, args, { maxOutput: 10_000 });
  clearInterval(look);
  t.diagnostic(`${Math.round(ran.tookMs)} ms; ${held} bytes held at most in ${looks} looks`);
  assert.ok(looks > 3 && held < 20_000_000, `${held} bytes held in ${looks} looks`);
  assert.deepEqual([ran.code, ran.truncated], [0, true]);
  for (const [text, last] of [
    [ran.stdout, "last of out"],
    [ran.stderr, "last of err"],
  ] as const) {
    assert.equal(text, `${"é".repeat(Math.floor((10_000 - last.length) / 2))}${last}`);
  }
});

test("output a byte at a time costs no more memory than it is long", async () => {
  const script = "for (let n = 0; n < 3000; n++) process.stdout.write(String(n % 10))";
  const { stdout, truncated } = await runCommand(...node(script), { maxOutput: 100 });
  assert.deepEqual([stdout, truncated], ["0123456789".repeat(10), true]);
});

test("an app that only runs a command ends when the command has ended", async () => {
  const face = JSON.stringify(join(import.meta.dirname, "../../src/runtime/parts/command.ts"));
  const script = `import { runCommand } from ${face};
    console.log((await runCommand("echo", ["hi"])).stdout);`;
  const from = performance.now();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", script],
    { timeout: 20_000 },
  );
  assert.equal(stdout, "hi\n\n");
  assert.ok(performance.now() - from < 15_000, "its limit of a minute is not waited for");
});
