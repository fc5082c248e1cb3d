// Holds docs/dependencies.md equal to the package.json files, both ways.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rowsOf } from "./house/markdown.ts";
import { readTree, root } from "./house/tree.ts";

interface Manifest {
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Each package with its version; a link to our own package is none. */
function named(): readonly string[] {
  const manifests = readTree().filter(({ path }) => /(^|\/)package\.json$/.test(path));
  assert.ok(manifests.length >= 3, "the workspaces were not found");
  return manifests
    .map(({ text }): Manifest => JSON.parse(text))
    .flatMap((manifest) => [
      ...Object.entries(manifest.dependencies ?? {}),
      ...Object.entries(manifest.devDependencies ?? {}),
      ...Object.entries(manifest.optionalDependencies ?? {}),
    ])
    .filter(([, version]) => !version.startsWith("file:"))
    .map(([name, version]) => `${name} ${version}`);
}

const rows = rowsOf(readFileSync(join(root, "docs/dependencies.md"), "utf8"), "name");

test("docs/dependencies.md names each dependency with its version, and no other", () => {
  const told = rows.map((row) => `${row.name?.replaceAll("`", "")} ${row.version}`);
  assert.deepEqual(told.toSorted(), [...new Set(named())].toSorted());
});

test("every row says the licence, the last release, what for and why not another", () => {
  for (const row of rows) {
    const name = row.name?.replaceAll("`", "") ?? "";
    for (const [column, cell] of Object.entries(row)) assert.ok(cell, `${name}: no ${column}`);
    assert.match(row["last release"] ?? "", /^\d+(\.\d+)+, \d{4}-\d\d-\d\d$/, name);
    const file = join(root, "node_modules", name, "package.json");
    const installed: Manifest = JSON.parse(readFileSync(file, "utf8"));
    assert.equal(row.licence, installed.license, name);
    assert.equal(row.version, installed.version, name);
  }
});

test("a peer is a range, and one version of it is tested here", () => {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const [name, range] of Object.entries(manifest.peerDependencies ?? {})) {
    assert.match(range, /^\^\d+\.\d+\.\d+$/, name);
    assert.ok(manifest.devDependencies?.[name], name);
  }
});

test("versions are pinned: what was tested is what is installed", () => {
  for (const entry of named()) assert.match(entry, / \d+\.\d+\.\d+$/);
});
