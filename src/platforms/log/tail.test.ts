// Following a file of others: what is added, through rotations and truncations, whole lines only.
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { tailFile } from "./tail.ts";

interface Followed {
  readonly path: string;
  readonly got: string[];
  look(mostBytes?: number): void;
}

function follow(t: TestContext, text?: string, passes?: () => boolean): Followed {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-tail-"));
  const path = join(folder, "error.log");
  if (text !== undefined) writeFileSync(path, text);
  const got: string[] = [];
  const tail = tailFile(path, (line) => got.push(line), passes);
  t.after(() => {
    tail.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { path, got, look: (mostBytes = 1_000_000) => tail.look(mostBytes) };
}

test("what was there is passed over, and what is added comes as whole lines", (t) => {
  const { path, got, look } = follow(t, "old\n");
  look();
  appendFileSync(path, "one\ntw");
  look();
  assert.deepEqual(got, ["one"]);
  appendFileSync(path, "o\n");
  look();
  assert.deepEqual(got, ["one", "two"]);
});

test("a file that comes later is read from its beginning", (t) => {
  const { path, got, look } = follow(t);
  look();
  writeFileSync(path, "first\n");
  look();
  assert.deepEqual(got, ["first"]);
});

test("rotated by name: the old file is read out, also what is written to it late, then the new", (t) => {
  const { path, got, look } = follow(t, "");
  look();
  appendFileSync(path, "a\n");
  renameSync(path, `${path}.1`);
  look();
  writeFileSync(path, "c\n");
  look();
  appendFileSync(`${path}.1`, "b\n");
  look();
  look();
  assert.deepEqual(got, ["a", "b", "c"]);
});

test("copied and cut: it begins anew", (t) => {
  const { path, got, look } = follow(t, "");
  look();
  appendFileSync(path, "a\nbegun");
  look();
  truncateSync(path, 0);
  appendFileSync(path, "b\n");
  look();
  assert.deepEqual(got, ["a", "b"]);
});

test("at most so much is read in one look, and lines that may not pass are not handed on", (t) => {
  let isOpen = true;
  const { path, got, look } = follow(t, "", () => isOpen);
  look();
  appendFileSync(path, `${"x".repeat(99)}\n`.repeat(2_000));
  look(1);
  const first = got.length;
  assert.ok(first > 0 && first < 2_000, `${first}`);
  isOpen = false;
  look();
  assert.equal(got.length, first);
});

test("what is no file is said to be none", (t) => {
  const { path, look } = follow(t);
  mkdirSync(path);
  assert.throws(() => look(), /is no file/);
});
