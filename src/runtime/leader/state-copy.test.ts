// Only who leads makes copies, and what is put back is the newest that is whole.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type BackupsOptions, backups } from "./state-copy.ts";

function rig(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-copies-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const logged: Entry[] = [];
  const log = createLog({
    level: "info",
    wall: () => 0,
    write: (entry) => void logged.push(entry),
  });
  const leader: { isLeader: boolean; token: number | undefined } = { isLeader: true, token: 7 };
  const state = { now: "first" };
  const make = (over: Partial<BackupsOptions> = {}) =>
    backups({
      folder: join(folder, "copies"),
      keep: 3,
      from: () => state.now,
      leader,
      log,
      ...over,
    });
  return { folder, path: join(folder, "state.db"), logged, leader, state, make };
}

const tokens = (names: readonly string[]) =>
  names.map((name) => `${Number(name.slice(0, 16))}.${Number(name.slice(17, 25))}`);

test("copies are made by the leader, the newest are kept, and the newest is put back once", async (t) => {
  const { path, leader, state, make } = rig(t);
  const copies = make();
  assert.deepEqual(copies.list(), []);
  assert.equal(copies.restoreWhenMissing(path), undefined, "there is nothing to put back");
  for (const text of ["one", "two", "three", "four"]) {
    state.now = text;
    assert.ok(await copies.take());
  }
  assert.deepEqual(tokens(copies.list()), ["7.4", "7.3", "7.2"]);
  leader.token = undefined;
  assert.equal(await copies.take(), undefined);
  assert.equal(copies.restoreWhenMissing(path), copies.list()[0]);
  assert.equal(readFileSync(path, "utf8"), "four");
  writeFileSync(path, "newer");
  assert.equal(copies.restoreWhenMissing(path), undefined);
  assert.equal(readFileSync(path, "utf8"), "newer");
});

test("bytes and files are copied to the last bit", async (t) => {
  const { folder, path, make } = rig(t);
  const bytes = Buffer.from([0, 255, 10, 13, 0x80]);
  await make({ from: () => bytes }).take();
  writeFileSync(join(folder, "live"), Buffer.concat([bytes, bytes]));
  const copies = make({ from: async () => ({ path: join(folder, "live") }) });
  const name = await copies.take();
  assert.deepEqual(tokens(copies.list()), ["7.2", "7.1"]);
  assert.equal(copies.restoreWhenMissing(path), name);
  assert.deepEqual(readFileSync(path), Buffer.concat([bytes, bytes]));
});

test("a leader of before writes late: the copy of its follower stays the newest", async (t) => {
  const { path, leader, make } = rig(t);
  const old = make({ from: () => "old", leader: { isLeader: true, token: 7 } });
  leader.token = 8;
  await make({ from: () => "new" }).take();
  await old.take();
  assert.deepEqual(tokens(make().list()), ["8.1", "7.1"]);
  make().restoreWhenMissing(path);
  assert.equal(readFileSync(path, "utf8"), "new");
});

test("leadership that ends while the state is read makes no copy", async (t) => {
  const { leader, make } = rig(t);
  const copies = make({
    from: async () => {
      leader.token = undefined;
      return "half";
    },
  });
  assert.equal(await copies.take(), undefined);
  assert.deepEqual(copies.list(), []);
});

test("a damaged copy is passed over and named; when all are, that is an error", async (t) => {
  const { folder, path, logged, state, make } = rig(t);
  const copies = make();
  await copies.take();
  state.now = "second";
  const newest = (await copies.take()) ?? "";
  writeFileSync(join(folder, "copies", newest), "secomd");
  assert.equal(copies.restoreWhenMissing(path), copies.list()[1]);
  assert.equal(readFileSync(path, "utf8"), "first");
  assert.equal(logged[0]?.message, `the copy ${newest} is damaged`);
  rmSync(path);
  writeFileSync(join(folder, "copies", copies.list()[1] ?? ""), "");
  assert.throws(
    () => copies.restoreWhenMissing(path),
    (error) => error instanceof HomeostatError && error.code === "JOURNAL_CORRUPT",
  );
  assert.equal(existsSync(path), false);
});
