// Holds docs/errors.md equal to the table of errors, both ways.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pages } from "../scripts/pages.ts";
import { codes, exitCode, families, HomeostatError } from "../src/kernel/errors.ts";
import { type Row, rowsOf } from "./house/markdown.ts";
import { root } from "./house/tree.ts";

const page = readFileSync(join(root, "docs/errors.md"), "utf8");

/** Rows of the page by their first cell, without the marks of code. */
function byName(column: string): ReadonlyMap<string, Row> {
  const rows = rowsOf(page, column);
  const named = new Map(rows.map((row) => [(row[column] ?? "").replaceAll("`", ""), row]));
  assert.equal(named.size, rows.length, `a ${column} stands twice in docs/errors.md`);
  return named;
}

test("docs/errors.md has a row for each code, and no other", () => {
  const rows = byName("code");
  assert.deepEqual([...rows.keys()].sort(), Object.keys(codes).sort());
  for (const [code, { family, retryable, meaning, hint }] of Object.entries(codes)) {
    const { code: name, ...rest } = rows.get(code) ?? {};
    assert.equal(name, `\`${code}\``);
    assert.deepEqual(rest, { family, retryable: retryable ? "yes" : "no", meaning, hint });
  }
});

test("docs/errors.md has a row for each family, and no other", () => {
  const rows = byName("family");
  assert.deepEqual([...rows.keys()].sort(), Object.keys(families).sort());
  for (const [family, { meaning, exit }] of Object.entries(families)) {
    assert.deepEqual({ ...rows.get(family) }, { family, meaning, "exit code": String(exit) });
  }
});

test("the exit code of an error is that of its family", () => {
  for (const code of Object.keys(codes) as (keyof typeof codes)[]) {
    assert.equal(exitCode(new HomeostatError(code, "x")), families[codes[code].family].exit, code);
  }
  assert.equal(exitCode(new Error("somebody else's")), 1);
});

for (const [path, write] of Object.entries(pages)) {
  test(`${path} is as npm run docs writes it`, () => {
    assert.equal(readFileSync(join(root, path), "utf8"), write());
  });
}
