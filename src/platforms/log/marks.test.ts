// When lines were written, how chatty logs are held, and which archives go.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Archive, surplus } from "./archives.ts";
import { chatty, cutText } from "./chatty.ts";
import { settle } from "./record.ts";
import { addMark, offsetAt, readMarks, timeAt, timesFile } from "./times.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-marks-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a line is as old as the marks around it say", () => {
  const marks = [
    { offset: 100, at: 1_000 },
    { offset: 200, at: 3_000 },
    { offset: 300, at: 90_000 },
  ];
  // Nobody knows more of what stands before the first mark.
  assert.equal(timeAt(marks, 0), 1_000);
  assert.equal(timeAt(marks, 150), 2_000);
  // After a long silence the whole of it came at its end.
  assert.equal(timeAt(marks, 200), 90_000);
  assert.equal(timeAt(marks, 300), undefined);
  assert.deepEqual(
    [0, 1_000, 2_000, 3_001, 99_999].map((at) => offsetAt(marks, at)),
    [0, 0, 100, 200, 300],
  );
});

test("marks outlive a torn line, and stay few", () => {
  const path = join(folder, "web-1.log");
  let count = 0;
  for (let i = 1; i <= 5_000; i++) count = addMark(path, { offset: i * 10, at: i }, count);
  const marks = readMarks(path);
  assert.equal(marks.length, count);
  assert.ok(marks.length <= 4_096, `${marks.length}`);
  assert.deepEqual(marks.at(-1), { offset: 50_000, at: 5_000 });
  const [last, beforeLast] = [marks.at(-1), marks.at(-2)];
  assert.equal((last?.offset ?? 0) - (beforeLast?.offset ?? 0), 10);
  appendFileSync(timesFile(path), "5001");
  assert.deepEqual(readMarks(path).at(-1), { offset: 50_000, at: 5_000 });
  assert.deepEqual(readMarks(join(folder, "none.log")), []);
});

test("of a chatty log so many lines a second pass, and the rest is counted once", () => {
  let now = 0;
  const limit = chatty(3, () => now);
  const pass = (count: number): number =>
    Array.from({ length: count }, limit.pass).filter(Boolean).length;
  assert.equal(pass(10), 3);
  assert.equal(limit.told(), 0, "the second is not over");
  now = 1_000;
  assert.equal(pass(2), 2);
  limit.cut(4);
  assert.equal(limit.told(), 7);
  assert.equal(limit.told(), 0);
  now = 2_000;
  assert.equal(limit.told(), 4);
  assert.equal(cutText(1, 3), "… 1 line cut: more than 3 a second");
});

const archive = (of: string, n: number, bytes: number): Archive => {
  return { path: `${of}.${n}`, of, from: n * 10, to: n * 10 + 10, bytes, at: n };
};

test("the oldest archives go: by count, by service and by all", () => {
  const bounds = (of: string) => ({ keep: 2, total: { of: of.slice(0, 3), bytes: 30 } });
  const all = [
    ...[1, 3, 5].map((n) => archive("web-1.log", n, 10)),
    ...[2, 4].map((n) => archive("web-2.log", n, 10)),
    archive("api-1.log", 6, 10),
  ];
  const gone = (bytes: number): readonly string[] =>
    surplus(all, bounds, bytes).map(({ path }) => path);
  // web-1.1 by its count, web-2.2 because the three newer ones of web are 30 bytes.
  assert.deepEqual(gone(1_000), ["web-1.log.1", "web-2.log.2"]);
  assert.deepEqual(gone(25), ["web-1.log.1", "web-2.log.2", "web-1.log.3", "web-2.log.4"]);
  assert.deepEqual(surplus(all, (of) => ({ ...bounds(of), keep: 0 }), 1_000).length, all.length);
});

test("what a file means: known, replaced, emptied, or its record lost", () => {
  const record = { inode: 1, base: 100, start: 160, freed: 130 };
  assert.deepEqual(settle(record, { inode: 1, size: 90 }, 0), record);
  // The archive was made, and its daemon killed before it wrote that down.
  assert.deepEqual(settle(record, { inode: 1, size: 90 }, 180), { ...record, start: 180 });
  const anew = { inode: 2, base: 160, start: 160, freed: 160 };
  assert.deepEqual(settle(record, { inode: 2, size: 500 }, 0), anew);
  assert.deepEqual(settle(record, { inode: 1, size: 5 }, 0), { ...anew, inode: 1 });
  assert.deepEqual(settle(undefined, { inode: 1, size: 50 }, 0), {
    ...{ inode: 1, base: 0 },
    ...{ start: 0, freed: 0 },
  });
});
