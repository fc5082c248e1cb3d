// Holds docs/requirements.md to the list of promises, and its paths to the tree.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ids, problemsOf } from "./house/requirements.ts";
import { root } from "./house/tree.ts";

test("docs/requirements.md has one row for each promise, and its paths exist", () => {
  const page = readFileSync(join(root, "docs/requirements.md"), "utf8");
  assert.deepEqual(
    problemsOf(page, (path) => existsSync(join(root, path))),
    [],
  );
});

const head = "| id | promise | where | test | state |\n|---|---|---|---|---|\n";
const full = ids.map((id) => `| ${id} | It works | | | not yet — loop |`);
const pageWith = (id: string, row: string | undefined): string =>
  head + full.flatMap((line) => (line.startsWith(`| ${id} |`) ? (row ?? []) : line)).join("\n");
const exists = (path: string): boolean => path === "src/a.ts" || path === "src/a.test.ts";

test("a whole page passes", () => {
  assert.equal(ids.length, 215);
  const row = "| S1-1 | It works | `src/a.ts` | src/a.test.ts, src/a.ts | yes |";
  assert.deepEqual(problemsOf(pageWith("S1-1", row), exists), []);
  const part = "| T-33 | It works | src/a.ts | | part: the first half |";
  assert.deepEqual(problemsOf(pageWith("T-33", part), exists), []);
});

for (const [fault, row] of [
  ["a missing row", undefined],
  ["a row told twice", "| S2-1 | It works | | | not yet |\n| S2-1 | It works | | | not yet |"],
  [
    "an id that is not in the list",
    "| S2-1 | It works | | | not yet |\n| S2-76 | No | | | not yet |",
  ],
  ["no promise", "| S2-1 | | | | not yet |"],
  ["an unknown state", "| S2-1 | It works | src/a.ts | | done |"],
  ["yes without a test", "| S2-1 | It works | src/a.ts | | yes |"],
  ["part without a place", "| S2-1 | It works | | | part: half |"],
  ["a place that is not there", "| S2-1 | It works | src/b.ts | src/a.test.ts | yes |"],
  ["a test that is not there", "| S2-1 | It works | src/a.ts | src/b.test.ts | yes |"],
] as const) {
  test(`sees ${fault}`, () => {
    assert.equal(problemsOf(pageWith("S2-1", row), exists).length, 1);
  });
}
