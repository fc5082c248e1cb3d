// What a daemon leaves that is killed at any step of a rotation, and what the next one makes of it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { archivePath, archivesOf } from "./archives.ts";
import type { Freeing } from "./free.ts";
import { cutLines } from "./lines.ts";
import { lastLinesFrom, readAt, stateOf } from "./read.ts";
import { type LogRecord, readRecord, recordFile, writeRecord } from "./record.ts";
import { finishRotation, rotateOnce } from "./rotate.ts";

const root = mkdtempSync(join(tmpdir(), "homeostat-crash-"));
after(() => rmSync(root, { recursive: true, force: true }));
const none: Freeing = { punch: false, collapse: false };
const rotation = { freeing: none, sizeBytes: 1_000_000, holeBytes: 1 };
let made = 0;

/** A log of 2,000 numbered lines of 10 bytes; its first `hole` bytes are freed. */
function log(hole = 0, cut = 0): string {
  const path = join(root, `web-${++made}.log`);
  const lines = Array.from({ length: 2_000 }, (_, i) => `line ${String(i).padStart(4, "0")}\n`);
  const bytes = Buffer.from(lines.join(""));
  bytes.fill(0, 0, hole);
  writeFileSync(path, bytes.subarray(cut));
  return path;
}

function record(path: string, over: Partial<LogRecord>): void {
  const { ino: inode } = statSync(path);
  writeRecord(path, { inode, base: 0, start: 0, freed: 0, ...over });
}

function linesFrom(path: string, offset: number): readonly string[] {
  const found: string[] = [];
  const cutter = cutLines(offset, ({ text }) => found.push(text));
  const buffer = Buffer.alloc(777);
  for (let at = offset; ; ) {
    const read = readAt(path, at, buffer);
    if (read.kind !== "bytes") return found;
    cutter.push(buffer.subarray(0, read.bytes));
    at += read.bytes;
  }
}

test("the archive has its name, and nothing else was done: its lines are not archived again", async () => {
  const path = log();
  record(path, {});
  writeFileSync(archivePath(path, 0, 10_000), gzipSync(readFileSync(path).subarray(0, 10_000)));
  // To a reader they are in the file still.
  assert.equal(linesFrom(path, stateOf(path)?.start ?? -1)[0], "line 0000");
  const done = await rotateOnce({ path, ...rotation });
  assert.deepEqual([done?.from, done?.to], [10_000, 20_000]);
  assert.deepEqual(
    archivesOf(path).map(({ from, to }) => [from, to]),
    [
      [0, 10_000],
      [10_000, 20_000],
    ],
  );
});

test("what was being written of an archive is no archive, and goes", async () => {
  const path = log();
  record(path, {});
  writeFileSync(`${path}.rotating`, "half");
  await finishRotation({ path, ...rotation }, 0);
  assert.ok(!existsSync(`${path}.rotating`));
  assert.deepEqual(archivesOf(path), []);
  assert.equal(linesFrom(path, 0).length, 2_000);
});

test("a hole was to be taken out, and was not: offsets are as they were", async () => {
  const path = log(8_192);
  record(path, { start: 10_000, freed: 8_192, moving: { bytes: 8_192, proof: 1 } });
  assert.equal(stateOf(path)?.base, 0);
  assert.equal(linesFrom(path, 10_000)[0], "line 1000");
  await finishRotation({ path, ...rotation }, 10_000);
  assert.deepEqual([readRecord(path)?.moving, readRecord(path)?.base], [undefined, 0]);
});

test("a hole was to be taken out, and was: the file begins that much later", async () => {
  const path = log(8_192, 8_192);
  record(path, { start: 10_000, freed: 8_192, moving: { bytes: 8_192, proof: 1 } });
  assert.equal(stateOf(path)?.base, 8_192);
  assert.equal(linesFrom(path, 10_000)[0], "line 1000");
  await finishRotation({ path, ...rotation }, 10_000);
  assert.deepEqual([readRecord(path)?.moving, readRecord(path)?.base], [undefined, 8_192]);
  assert.equal(linesFrom(path, 10_000).length, 1_000);
});

test("a record that is lost or is none leaves a log that can be read", () => {
  const path = log();
  for (const text of ["", "{", "[]", '{"inode":"x"}', "null"]) {
    writeFileSync(recordFile(path), text);
    assert.equal(readRecord(path), undefined, text);
    assert.equal(stateOf(path)?.end, 20_000);
    assert.equal(linesFrom(path, 0).length, 2_000);
  }
});

test("who reads what is gone is told where to look, and who is beyond the end, where it begins", () => {
  const path = log(8_192);
  record(path, { start: 10_000, freed: 8_192 });
  const buffer = Buffer.alloc(10);
  assert.deepEqual(readAt(path, 5_000, buffer), { kind: "archived", start: 10_000 });
  // Archived, and not freed yet.
  assert.equal(readAt(path, 9_000, buffer).kind, "bytes");
  assert.deepEqual(readAt(path, 20_000, buffer), { kind: "none" });
  assert.deepEqual(readAt(path, 20_001, buffer), { kind: "anew", start: 10_000 });
  assert.deepEqual(readAt(join(root, "nothing.log"), 0, buffer), { kind: "none" });
});

test("the last lines begin where they begin, with or without an end", () => {
  const path = join(root, "tail.log");
  const from = (text: string, count: number, first = 0): number => {
    writeFileSync(path, text);
    const state = stateOf(path);
    return state ? lastLinesFrom(path, state, count, first) : -1;
  };
  assert.equal(from("a\nb\nc\n", 2), 2);
  assert.equal(from("a\nb\nc", 2), 2);
  assert.equal(from("a\nb\nc\n", 99), 0);
  assert.equal(from("a\nb\nc\n", 99, 2), 2);
  assert.equal(from("\n\n\n", 2), 1);
  assert.equal(from("", 5), 0);
  assert.equal(from("x".repeat(200_000), 1), 0);
  const many = `${"y".repeat(99)}\n`.repeat(5_000);
  assert.equal(from(many, 4_000), 100_000);
});
