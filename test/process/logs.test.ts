// Torture of the logs of services: floods, endless lines, noise and kills, and no whole line is lost.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { archivesOf } from "../../src/platforms/log/archives.ts";
import { freeingIn } from "../../src/platforms/log/free.ts";
import { cutLines } from "../../src/platforms/log/lines.ts";
import { readArchive, readAt, stateOf } from "../../src/platforms/log/read.ts";
import { until } from "./support/project.ts";

const side = { concurrency: 1, timeout: 60_000 };
const here = (name: string): string => fileURLToPath(new URL(`./support/${name}`, import.meta.url));
const node = (...args: readonly string[]): readonly string[] => ["--conditions=source", ...args];
const MB = 1_000_000;

interface Place {
  readonly folder: string;
  readonly path: string;
  flood(kind: string, bytes: number, perSecond?: number): ChildProcess;
  keeper(sizeBytes: number, holeBytes?: number): ChildProcess;
}

function place(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-flood-"));
  const path = join(folder, "web-1.log");
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) await kill(child);
    rmSync(folder, { recursive: true, force: true });
  });
  const kept = (child: ChildProcess): ChildProcess => {
    children.push(child);
    return child;
  };
  return {
    folder,
    path,
    flood: (kind, bytes, perSecond = 0) => {
      // As the supervisor does: the process itself appends to its log.
      const log = openSync(path, "a", 0o640);
      const args = node(here("log-flood.ts"), kind, String(bytes), String(perSecond));
      const child = kept(spawn(process.execPath, args, { stdio: ["ignore", log, "inherit"] }));
      closeSync(log);
      return child;
    },
    keeper: (sizeBytes, holeBytes = 1e9) => {
      const args = node(here("log-keeper.ts"), folder, String(sizeBytes), String(holeBytes));
      return kept(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }));
    },
  };
}

const isOver = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

async function kill(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (isOver(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

async function ended(child: ChildProcess): Promise<void> {
  if (!isOver(child)) await once(child, "exit");
}

/** All bytes of a log in order, out of its archives and its file; fails when some are missing. */
async function* bytesOf(path: string, ofLines = false): AsyncGenerator<Buffer> {
  const state = stateOf(path);
  assert.ok(state);
  let at = 0;
  for (const archive of archivesOf(path).filter(({ to }) => to <= state.start)) {
    assert.equal(archive.from, at, "archives follow each other");
    let last: number | undefined;
    for await (const chunk of readArchive(archive, at)) {
      at += chunk.length;
      last = chunk.at(-1);
      yield chunk;
    }
    assert.equal(at, archive.to);
    if (ofLines) assert.equal(last, 10, "an archive ends with a line");
  }
  assert.equal(at, state.start);
  const buffer = Buffer.alloc(262_144);
  for (;;) {
    const read = readAt(path, at, buffer);
    if (read.kind !== "bytes") break;
    yield buffer.subarray(0, read.bytes);
    at += read.bytes;
  }
  assert.equal(at, state.end);
}

/** Numbered lines, each once and in order; returns how many. `torn`: the last one may be half. */
async function countLines(path: string, torn = false): Promise<number> {
  let next = 0;
  let half = "";
  const cutter = cutLines(0, ({ text, cutBytes }) => {
    if (half !== "") assert.fail(`a half line in the middle: ${half.slice(0, 40)}`);
    const isWhole = text.length + cutBytes >= 10 && Number(text.slice(0, 9)) === next;
    if (isWhole) next += 1;
    else if (torn) half = text;
    else assert.fail(`expected line ${next}, got ${text.slice(0, 40)}`);
  });
  for await (const chunk of bytesOf(path, true)) cutter.push(chunk);
  cutter.end();
  return next;
}

function memoryOf(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
}

function cpuMsOf(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Waits until no more is rotated. */
async function calm(path: string, sizeBytes: number): Promise<void> {
  await until("the log is rotated", 20_000, async () => {
    const state = stateOf(path);
    return state && state.end - state.start < sizeBytes ? true : undefined;
  });
}

describe("rotation under fire", side, () => {
  test("100 MB/s: no line is lost or doubled, memory stays flat, and space comes back", async (t) => {
    const it = place(t);
    if (!(await freeingIn(it.folder)).punch) return t.skip("no file can be freed in place here");
    const keeper = it.keeper(4 * MB);
    await sleep(500);
    const writer = it.flood("lines", 60 * MB, 100 * MB);
    await until("its first archive", 20_000, async () => archivesOf(it.path)[0] && true);
    const [rss, cpu] = [memoryOf(keeper), cpuMsOf(keeper)];
    let most = rss;
    while (!isOver(writer)) {
      most = Math.max(most, memoryOf(keeper));
      await sleep(20);
    }
    await calm(it.path, 4 * MB);
    most = Math.max(most, memoryOf(keeper));
    const cpuMs = cpuMsOf(keeper) - cpu;
    const [grown, held] = [(most - rss) / MB, (statSync(it.path).blocks * 512) / MB];
    t.diagnostic(`grown ${grown.toFixed(1)} MB, ${cpuMs} ms of CPU, ${held.toFixed(1)} MB on disk`);
    assert.ok(grown <= 20, `memory grew by ${grown} MB`);
    assert.ok(cpuMs <= 3_000, `${cpuMs} ms of CPU`);
    assert.ok(held <= 6, `${held} MB are on the disk`);
    await kill(keeper, "SIGTERM");
    assert.ok((await countLines(it.path)) > 500_000);
  });

  test("killed at random moments of a rotation, the keeper loses nothing and doubles nothing", async (t) => {
    const it = place(t);
    if (!(await freeingIn(it.folder)).punch) return t.skip("no file can be freed in place here");
    const writer = it.flood("lines", 24 * MB, 10 * MB);
    let kills = 0;
    for (; !isOver(writer); kills++) {
      // A hole of 2 MB is taken out: the kill meets that, too.
      const keeper = it.keeper(300_000, 2 * MB);
      await sleep(180 + ((kills * 37) % 190));
      await kill(keeper);
    }
    const last = it.keeper(300_000, 2 * MB);
    await calm(it.path, 300_000);
    await kill(last, "SIGTERM");
    const archives = archivesOf(it.path).length;
    t.diagnostic(`${kills} kills, ${archives} archives, base ${stateOf(it.path)?.base}`);
    assert.ok(kills >= 3 && archives >= 10, `${kills} kills, ${archives} archives`);
    assert.ok((await countLines(it.path)) > 200_000);
  });

  test("lines of a megabyte, and half a line where SIGKILL met it", async (t) => {
    const it = place(t);
    const keeper = it.keeper(3 * MB);
    const writer = it.flood("long", 200 * MB, 20 * MB);
    await until("some archives", 20_000, async () => archivesOf(it.path).length > 2 || undefined);
    await kill(writer);
    await calm(it.path, 3 * MB);
    await kill(keeper, "SIGTERM");
    assert.ok((await countLines(it.path, true)) >= 10);
  });

  for (const kind of ["endless", "noise"] as const) {
    test(`${kind}: the bytes are what was written`, async (t) => {
      const it = place(t);
      const keeper = it.keeper(2 * MB, 4 * MB);
      const writer = it.flood(kind, 14 * MB, 30 * MB);
      await ended(writer);
      await until("archives", 20_000, async () => archivesOf(it.path).length > 1 || undefined);
      await kill(keeper, "SIGTERM");
      const wanted = await digestOf(kind, stateOf(it.path)?.end ?? 0);
      const hash = createHash("sha1");
      for await (const chunk of bytesOf(it.path)) hash.update(chunk);
      assert.equal(hash.digest("hex"), wanted);
    });
  }
});

async function digestOf(kind: string, bytes: number): Promise<string> {
  const { noise } = await import("./support/log-flood.ts");
  const hash = createHash("sha1");
  let left = bytes;
  for (let block = 0; left > 0; block++) {
    const part = kind === "noise" ? noise(block) : Buffer.alloc(262_144, "e");
    hash.update(part.subarray(0, left));
    left -= part.length;
  }
  return hash.digest("hex");
}
