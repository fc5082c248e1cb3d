// An app that disturbs its surroundings is killed at any moment: its next run undoes exactly what was left.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemProcesses } from "../../src/runtime/chaos/owner.ts";
import { seeded } from "../../src/testing/seeded.ts";
import {
  type Call,
  callsOf,
  journalOf,
  names,
  original,
  settingOf,
} from "./support/runtime-chaos-app.ts";

const appFile = join(import.meta.dirname, "support", "runtime-chaos-app.ts");
const kills = 18;

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Left {
  readonly target: string;
  readonly phase: "intent" | "disrupted";
  readonly undo?: { readonly old: string };
}

interface App {
  readonly child: ChildProcess;
  readonly starting: Promise<unknown>;
  readonly ended: Promise<unknown>;
  said(): string;
  complained(): string;
}

function launch(folder: string, run: number, armed: boolean): App {
  const args = ["--conditions=source", appFile, folder, String(run), armed ? "armed" : "quiet"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const text = { out: "", err: "" };
  const begun = Promise.withResolvers<void>();
  child.stdout.on("data", (chunk) => {
    text.out += chunk;
    if (text.out.includes("starting\n")) begun.resolve();
  });
  child.stderr.on("data", (chunk) => {
    text.err += chunk;
  });
  const ended = once(child, "close");
  const starting = Promise.race([begun.promise, ended]);
  return { child, starting, ended, said: () => text.out, complained: () => text.err };
}

function leftIn(folder: string): readonly Left[] {
  const file = journalOf(folder);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).left : [];
}

function callsIn(folder: string, run: number): readonly Call[] {
  const file = callsOf(folder, String(run));
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

const disturbedIn = (folder: string): readonly string[] =>
  names.filter((name) => readFileSync(settingOf(folder, name), "utf8") !== original(name));

/** The run took back what the one before it left, the last first, and began nothing before that. */
function checkRun(folder: string, run: number, left: readonly Left[], app: App): void {
  const expected = left.toReversed().map(({ target, phase, undo }) => ({
    target,
    known: phase === "disrupted",
    left: true,
    ...(undo !== undefined && { undo }),
  }));
  const calls = callsIn(folder, run).filter((call) => call.left);
  // It may have been killed while it took back.
  const ready = /ready (.*)\n/.exec(app.said())?.[1];
  const whole = ready === undefined ? expected.slice(0, calls.length) : expected;
  assert.deepEqual(calls, whole, `run ${run}\n${app.complained()}`);
  if (ready !== undefined) assert.deepEqual(JSON.parse(ready), names.map(original), `run ${run}`);
}

test("killed at any moment, the next run undoes exactly what was left", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-chaos-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of names) writeFileSync(settingOf(folder, name), original(name));
  const random = seeded(20_261_121);
  let left: readonly Left[] = [];
  const found = { records: 0, intents: 0, disturbed: 0, readyKills: 0 };

  for (let run = 1; run <= kills; run++) {
    const app = launch(folder, run, true);
    await app.starting;
    await sleep(random() * 150);
    app.child.kill("SIGKILL");
    await app.ended;
    assert.equal(app.child.signalCode, "SIGKILL", app.complained());
    checkRun(folder, run, left, app);
    left = leftIn(folder);
    const disturbed = disturbedIn(folder);
    const recorded = left.map(({ target }) => target);
    assert.deepEqual(
      disturbed.filter((name) => !recorded.includes(name)),
      [],
      "whatever is disturbed is in the journal",
    );
    found.records += left.length;
    found.intents += left.filter(({ phase }) => phase === "intent").length;
    found.disturbed += disturbed.length;
    found.readyKills += app.said().includes("ready") ? 1 : 0;
  }

  const last = launch(folder, kills + 1, false);
  await last.ended;
  assert.equal(last.child.exitCode, 0, last.complained());
  checkRun(folder, kills + 1, left, last);
  assert.deepEqual(disturbedIn(folder), []);
  assert.deepEqual(leftIn(folder), []);
  // The kills have met what they are for.
  assert.ok(found.records > 0 && found.disturbed > 0, JSON.stringify(found));
  t.diagnostic(`${kills} kills: ${JSON.stringify(found)}`);
});

test("a process is told from another that had its number", async () => {
  const { self, isAlive } = systemProcesses;
  assert.ok(isAlive(self));
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  started.push(child);
  await once(child, "exit");
  assert.equal(isAlive(`${child.pid}@1`), false);
  if (process.platform === "linux") {
    assert.equal(isAlive(`${process.pid}@1`), false, "the number was used before");
  }
  assert.equal(isAlive("nonsense"), false);
});

test("chaos that waits does not keep the process alive", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-chaos-"));
  const from = new URL("../../src/runtime/chaos/chaos.ts", import.meta.url).href;
  const script = `
    const { createChaos } = await import(${JSON.stringify(from)});
    const chaos = createChaos({ armed: true, journalFile: ${JSON.stringify(journalOf(folder))} });
    chaos.register("wall", { disrupt: () => 1, recover: () => {} });
    await chaos.start();
    await chaos.disruptNow("wall");`;
  const args = ["--conditions=source", "--input-type=module", "-e", script];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  started.push(child);
  const limit = AbortSignal.timeout(10_000);
  const [code] = await once(child, "exit", { signal: limit });
  assert.equal(code, 0);
  assert.equal(leftIn(folder).length, 1, "and what it left is known");
  rmSync(folder, { recursive: true });
});
