// The SQLite store against kill -9, a second writer, full disks and disks that fail.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Code, HomeostatError } from "../../src/kernel/errors.ts";
import { below } from "../../src/kernel/random.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventOf, mostPerCall, project, tickOf } from "./store-writer.ts";

const writerFile = join(import.meta.dirname, "store-writer.ts");
const failsWith =
  (code: Code, ...parts: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof HomeostatError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    return true;
  };

interface Writer {
  readonly child: ChildProcess;
  /** All lines said; complete once `ended`. */
  readonly said: () => string[];
  /** Settles with the first line, `open SEQ`. */
  readonly opened: Promise<unknown>;
  readonly ended: Promise<unknown>;
}

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** `before` is a piece of shell that sets limits for the writer. */
function startWriter(folder: string, seed: number, before = ":"): Writer {
  const node = [process.execPath, "--conditions=source", writerFile, folder, String(seed)];
  const child = spawn("sh", ["-c", `${before}; exec "$@"`, "sh", ...node], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  started.push(child);
  const said = () => text.split("\n").slice(0, -1);
  return { child, said, opened: once(child.stdout ?? child, "data"), ended: once(child, "close") };
}

const highest = (lines: readonly string[], word: string): number =>
  Math.max(0, ...lines.filter((l) => l.startsWith(`${word} `)).map((l) => Number(l.split(" ")[1])));

/** Every event after `from` that was said to be kept is there, whole, in its place; the last one. */
function checkEvents(store: Store, lines: readonly string[], from: number): number {
  let seq = from;
  for (const event of store.read(from)) assert.deepEqual(event, eventOf(++seq));
  const said = Math.max(from, highest(lines, "event"));
  assert.ok(seq >= said, `${said} was acknowledged, the journal ends at ${seq}`);
  assert.ok(seq <= said + mostPerCall, `${seq} is more than one call after ${said}`);
  return seq;
}

function checkTicks(store: Store, lines: readonly string[], from: number): number {
  let n = 0;
  for (const tick of store.readTicks()) assert.deepEqual(tick, tickOf(++n, tick.afterSeq));
  const said = Math.max(from, highest(lines, "tick"));
  assert.ok(n >= said && n <= said + 1, `tick ${said} was acknowledged, the ring ends at ${n}`);
  for (const line of lines) {
    const seq = line.startsWith("file ") ? line.slice(5) : undefined;
    if (seq !== undefined) assert.equal(store.getFile(`v${seq}`), `content ${seq}`);
  }
  return n;
}

describe("sqlite store, torture", { timeout: 120_000 }, () => {
  let scratch: string;
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), "homeostat-torture-"));
  });
  after(() => rmSync(scratch, { recursive: true }));

  it("loses nothing it acknowledged to 48 kill -9 at random moments", async (t) => {
    const folder = join(scratch, "killed");
    const random = seeded(20_261_121);
    let seq = 0;
    let n = 0;
    let early = 0;
    let openMs = 100;
    for (let round = 0; round < 48; round++) {
      const writer = startWriter(folder, round);
      // One round in four is killed while it opens the store and takes over the last one's log.
      const startedAt = performance.now();
      if (round % 4 === 3) await sleep(openMs * (0.8 + 0.4 * random()));
      else {
        await writer.opened;
        openMs = performance.now() - startedAt;
        await sleep(below(random, 120));
      }
      writer.child.kill("SIGKILL");
      await writer.ended;
      const lines = writer.said();
      if (lines.length === 0) early++;
      // Looking on leaves the old write-ahead log for the next writer to take over.
      const readOnly = round % 2 === 0 && seq > 0;
      const store = sqliteStore({ folder, project, readOnly });
      seq = checkEvents(store, lines, seq);
      n = checkTicks(store, lines, n);
      store.close();
    }
    const store = sqliteStore({ folder, project });
    assert.equal(checkEvents(store, [`event ${seq}`], 0), seq);
    store.close();
    const db = new DatabaseSync(join(folder, "journal.db"));
    assert.equal(db.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
    db.close();
    t.diagnostic(`${seq} events, ${n} ticks; ${early} rounds were killed before they had opened`);
    assert.ok(seq > 48, `${seq} events are too few to prove anything`);
  });

  it("has one writer among processes, stopped ones too; kill -9 frees the folder at once", async () => {
    const folder = join(scratch, "one");
    const writer = startWriter(folder, 1);
    while (highest(writer.said(), "event") === 0) await sleep(5);
    const pid = String(writer.child.pid);
    const second = () => sqliteStore({ folder, project });
    assert.throws(second, failsWith("DAEMON_RUNNING", folder, pid));
    writer.child.kill("SIGSTOP");
    assert.throws(second, failsWith("DAEMON_RUNNING", folder, pid));
    const looking = sqliteStore({ folder, project, readOnly: true });
    assert.ok([...looking.read()].length > 0);
    looking.close();
    writer.child.kill("SIGKILL");
    await writer.ended;
    second().close();
  });

  it("writes nothing more after the disk has failed", async () => {
    const folder = join(scratch, "limited");
    // Files over 1 MiB fail with EFBIG, which is an I/O error to SQLite.
    const writer = startWriter(folder, 1, "ulimit -f 2048");
    await writer.ended;
    const lines = writer.said();
    assert.match(
      lines.at(-2) ?? "",
      /^failed JOURNAL_UNUSABLE .*(journal|samples)\.db: disk I\/O error/,
    );
    assert.equal(lines.at(-1), "again the same");
    const store = sqliteStore({ folder, project });
    const seq = checkEvents(store, lines, 0);
    store.append([eventOf(seq + 1)]);
    store.close();
  });
});

describe("sqlite store, full and read-only disks", () => {
  let mount: string;
  let why: string | undefined;
  before(() => {
    mount = mkdtempSync(join(tmpdir(), "homeostat-full-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", mount], { stdio: "pipe" });
    } catch (error) {
      why = `needs a small tmpfs, and mount said: ${String(error).split("\n")[1] ?? error}`;
    }
  });
  after(() => {
    // Lazily, because a test that failed may have left a file open.
    if (!why) execFileSync("umount", ["--lazy", mount]);
    rmSync(mount, { recursive: true });
  });

  it("tells of a full disk, keeps what it had, and goes on when there is room", (t) => {
    if (why) return t.skip(why);
    const folder = join(mount, "full");
    const filler = join(mount, "filler");
    writeFileSync(filler, Buffer.alloc(1024 ** 2));
    const store = sqliteStore({ folder, project });
    const full = failsWith("JOURNAL_UNUSABLE", "journal.db", "full");
    let seq = 0;
    assert.throws(() => {
      for (; seq < 10_000; seq++) store.append([eventOf(seq + 1)]);
    }, full);
    assert.ok(seq > 50, `${seq} events`);
    const batch = Array.from({ length: 200 }, (_, i) => eventOf(seq + 1 + i));
    assert.throws(() => store.append(batch), full);
    assert.throws(() => store.putFile("v", "x".repeat(100_000)), full);
    const fresh = () => sqliteStore({ folder: join(mount, "fresh"), project });
    const rest = Buffer.alloc(4 * 1024 ** 2);
    assert.throws(() => writeFileSync(join(mount, "rest"), rest), /ENOSPC/);
    assert.throws(fresh, failsWith("JOURNAL_UNUSABLE"));
    assert.equal(checkEvents(store, [`event ${seq}`], 0), seq);

    rmSync(filler);
    store.append(batch);
    assert.equal(store.getFile("v"), undefined);
    store.close();
    const again = sqliteStore({ folder, project });
    assert.equal(checkEvents(again, [`event ${seq + 200}`], 0), seq + 200);
    again.close();
    rmSync(join(mount, "rest"));
    fresh().close();
  });

  it("names a folder that is read-only, and still lets people look", (t) => {
    if (why) return t.skip(why);
    const folder = join(mount, "still");
    const store = sqliteStore({ folder, project });
    store.append([eventOf(1)]);
    store.close();
    execFileSync("mount", ["-o", "remount,ro", mount]);
    try {
      assert.throws(() => sqliteStore({ folder, project }), failsWith("JOURNAL_UNUSABLE", folder));
      const elsewhere = join(mount, "new", "state");
      assert.throws(
        () => sqliteStore({ folder: elsewhere, project }),
        failsWith("JOURNAL_UNUSABLE", elsewhere),
      );
      const looking = sqliteStore({ folder, project, readOnly: true });
      assert.equal(checkEvents(looking, ["event 1"], 0), 1);
      looking.close();
    } finally {
      execFileSync("mount", ["-o", "remount,rw", mount]);
    }
  });

  it("names a folder without the right to write", (t) => {
    if (process.getuid?.() === 0) return t.skip("root may write everywhere");
    const folder = mkdtempSync(join(tmpdir(), "homeostat-rights-"));
    mkdirSync(join(folder, "state"));
    chmodSync(join(folder, "state"), 0o500);
    const open = () => sqliteStore({ folder: join(folder, "state"), project });
    assert.throws(open, failsWith("JOURNAL_UNUSABLE", "state"));
    rmSync(folder, { recursive: true });
  });
});
