// Snapshots beside a journal: killed while one is written, torn, of another journal, or of old.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { below } from "../../src/kernel/random.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventOf, project } from "./store-writer.ts";
import { foldOne, type Made, nothing, program } from "./support/snapshot-keeper.ts";

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "homeostat-snapshot-"));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const open = (folder: string): Store => sqliteStore({ folder, project });

function folded(store: Store, from: Made = nothing): Made {
  let made = from;
  for (const event of store.read(from.seq)) {
    if (event.type === "daemon.stopped") made = foldOne(made, event.seq, event.data.reason);
  }
  return made;
}

/** What a start makes of the folder; it must be what the whole journal says. */
function startIn(folder: string): { readonly from: number; readonly seq: number } {
  const store = open(folder);
  try {
    const kept = store.takeSnapshot?.();
    const whole = folded(store);
    if (kept) assert.equal(kept.program, program);
    assert.deepEqual(folded(store, kept?.made as Made | undefined), whole);
    return { from: kept?.seq ?? 0, seq: whole.seq };
  } finally {
    store.close();
  }
}

/** A journal with a snapshot in its middle. */
function made(name: string, events: number, at: number): string {
  const folder = join(scratch, name);
  const store = open(folder);
  for (let seq = 1; seq <= events; seq++) {
    store.append([eventOf(seq)]);
    if (seq === at) store.keepSnapshot?.({ program, seq, made: folded(store) });
  }
  store.close();
  return folder;
}

test("a start reads the snapshot and what came after it", () => {
  const folder = made("plain", 120, 80);
  assert.deepEqual(startIn(folder), { from: 80, seq: 120 });
});

test("a journal of a version that kept none is read whole", () => {
  const folder = made("old", 60, 0);
  assert.equal(existsSync(join(folder, "snapshot")), false);
  assert.deepEqual(startIn(folder), { from: 0, seq: 60 });
});

test("kill -9 at random moments while snapshots are written loses nothing", async () => {
  const folder = join(scratch, "killed");
  const random = seeded(11);
  const keeper = join(import.meta.dirname, "support/snapshot-keeper.ts");
  let last = { from: 0, seq: 0 };
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, ["--conditions=source", keeper, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    assert.equal(child.exitCode, null, "it could not open what the last one left");
    await sleep(below(random, 60));
    child.kill("SIGKILL");
    await once(child, "exit");
    const now = startIn(folder);
    assert.ok(now.seq >= last.seq, "events were lost");
    assert.ok(now.seq - now.from <= 1, `the snapshot is ${now.seq - now.from} events behind`);
    last = now;
  }
  assert.ok(last.seq > 12, `only ${last.seq} events were written`);
});

test("a snapshot that is torn or changed anywhere is not used", () => {
  const folder = made("torn", 60, 40);
  const file = join(folder, "snapshot");
  const whole = readFileSync(file);
  const random = seeded(5);
  for (let round = 0; round < 40; round++) {
    const at = below(random, whole.length);
    const torn = round % 2 === 0 ? whole.subarray(0, at) : Buffer.from(whole);
    if (round % 2 === 1) torn[at] = (torn[at] ?? 0) ^ (1 << below(random, 7));
    writeFileSync(file, torn);
    assert.deepEqual(startIn(folder), { from: 0, seq: 60 }, `at ${at}`);
  }
  const sound = (text: string): string => `${crc32(text)}\n${text}`;
  const others = ["{}\n{}", "null\n{}", '{"format":2}\n{}', "\n\n", ""].map(sound);
  for (const text of ["", "\n", ...others]) {
    writeFileSync(file, text);
    assert.deepEqual(startIn(folder), { from: 0, seq: 60 });
  }
});

test("a snapshot of another journal, or of one that was set back, is not used", () => {
  const one = made("one", 60, 50);
  const short = made("short", 30, 0);
  copyFileSync(join(one, "snapshot"), join(short, "snapshot"));
  assert.deepEqual(startIn(short), { from: 0, seq: 30 });

  const other = join(scratch, "other");
  mkdirSync(other);
  const store = open(other);
  // As many events, and others.
  for (let seq = 1; seq <= 60; seq++) store.append([{ ...eventOf(seq), subject: "db/1" }]);
  store.close();
  copyFileSync(join(one, "snapshot"), join(other, "snapshot"));
  assert.deepEqual(startIn(other), { from: 0, seq: 60 });

  const foreign = join(scratch, "foreign");
  const theirs = sqliteStore({ folder: foreign, project: "theirs" });
  for (let seq = 1; seq <= 60; seq++) theirs.append([eventOf(seq)]);
  theirs.keepSnapshot?.({ program, seq: 60, made: nothing });
  theirs.close();
  copyFileSync(join(foreign, "snapshot"), join(one, "snapshot"));
  assert.deepEqual(startIn(one), { from: 0, seq: 60 });
});
