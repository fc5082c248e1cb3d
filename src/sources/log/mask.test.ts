// What is masked in a line, and what is left to tell lines apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createMasker, idOf, wordsMax } from "./mask.ts";

const masker = createMasker();
const masked = (line: string): string => {
  masker.take(line);
  return masker.words().join(" ");
};

const table: readonly (readonly [line: string, template: string])[] = [
  ["took 12 ms, 3.5s, 10MB, -4 and 1,234,567", "took <*> ms, <*>, <*>, <*> and <*>"],
  ["2026-11-21T10:00:00.123Z up", "<*> up"],
  ["[21/Nov/2026:10:00:00 +0000] x", "[<*> <*>] x"],
  ["from 10.0.0.7:5432 and 2001:db8::1", "from <*> and <*>"],
  ["id=550e8400-e29b-41d4-a716-446655440000 cafe", "id=<*> cafe"],
  ["commit 3f2a9bc1 at 0x7fffAB", "commit <*> at <*>"],
  ["worker web-3 of web12 v1.2.3 HTTP/1.1", "worker web-<*> of web<*> v<*> HTTP/<*>"],
  ["open '/tmp/a b.txt' and \"x y\"", "open '<*>' and \"<*>\""],
  ["can't open bob's file", "can't open bob's file"],
  ["GET /cart/42?x=1 of https://a.example/b: ok.", "GET <*> of <*>: ok."],
  ["at foo (/app/src/x.ts:10:5)", "at foo (<*>)"],
  ["read/write and/or 50%", "read/write and/or <*>%"],
  ["\u001b[31mERROR\u001b[0m  boom\t7", "ERROR boom <*>"],
  ["größer als 7", "größer als <*>"],
  ["", ""],
];

test("numbers, ids, addresses, times, paths and quoted text are masked, words are not", () => {
  for (const [line, template] of table) assert.equal(masked(line), template);
});

test("lines have the same number when they are the same once masked, and only then", () => {
  const numbers = table.map(([line]) => masker.take(line));
  assert.equal(new Set(numbers).size, table.length);
  assert.equal(masker.take("took 1 of 2"), masker.take("took 33 of 4"));
  assert.notEqual(masker.take("took 1 of 2"), masker.take("took 1 for 2"));
});

test("whatever a line is, it is masked within bounds, and the same again", () => {
  const unit = fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 128, max: 0xffff }));
  const line = fc.array(unit, { maxLength: 100 }).map((units) => String.fromCharCode(...units));
  const property = fc.property(line, (text) => {
    const first = masker.take(text);
    const words = masker.words();
    assert.ok(Number.isSafeInteger(first) && first >= 0);
    assert.ok(words.length <= wordsMax + 1);
    assert.equal(masker.take(text), first);
    assert.match(idOf(words.join(" ")), /^[0-9a-f]{12}$/);
  });
  fc.assert(property, { numRuns: 100 });
});

test("a line without end costs what a line of a kilobyte does", () => {
  for (const sign of ["'", "/a", "1.", "=", "a", '"']) {
    assert.ok(masked(sign.repeat(500_000)).length <= 1_100);
  }
  masker.take("a ".repeat(400));
  assert.equal(masker.words().length, wordsMax + 1);
});
