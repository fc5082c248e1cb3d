// What is understood quickly is what the whole command line would have understood.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "./program.ts";
import { folderIn, type Quick, quickOf } from "./quick.ts";

/** Undefined for what the whole command line refuses. */
async function slowOf(words: readonly string[]): Promise<Quick | undefined> {
  const program = buildProgram();
  let found: Quick | undefined;
  for (const command of ["status", "ps", "up"] as const) {
    const known = program.commands.find((it) => it.name() === command);
    known?.action((...given: readonly unknown[]) => {
      const names = command === "ps" ? (given[0] as readonly string[]) : [];
      found = { command, names, options: known.optsWithGlobals() };
    });
  }
  await program.parseAsync(words, { from: "user" }).catch(() => {});
  return found;
}

const lines = [
  ["status"],
  ["--json", "status"],
  ["status", "--json"],
  ["--folder", "/x", "status"],
  ["status", "--folder", "/x", "--folder", "/y"],
  ["ps"],
  ["ps", "web", "db/1", "--pss"],
  ["--json", "--folder", "a b", "ps", "web"],
  ["up"],
  ["--folder", "/x", "up", "--log-level", "warn"],
  ["--config", "c.yaml", "up", "--json"],
];
const others = [
  [],
  ["status", "web"],
  ["--pss", "ps"],
  ["--log-level", "warn", "up"],
  ["up", "--log-level", "loud"],
  ["up", "--log-level"],
  ["up", "--profile", "dev"],
  ["up", "-d"],
  ["ps", "--help"],
  ["--folder", "--json", "status"],
  ["--folder", "", "status"],
  ["--toString", "status"],
  ["ps", "--", "--pss"],
  ["down"],
];

test("plain lines are understood as the whole command line understands them", async () => {
  for (const words of lines) {
    const quick = quickOf(words);
    assert.ok(quick, words.join(" "));
    assert.deepEqual(quick, await slowOf(words), words.join(" "));
  }
});

test("all else is left to the whole command line", () => {
  for (const words of others) assert.equal(quickOf(words), undefined, words.join(" "));
});

test("the folder is found in any line", () => {
  assert.equal(folderIn(["up"]), ".");
  assert.equal(folderIn(["--folder", "/a", "logs", "--folder=/b"]), "/b");
  assert.equal(folderIn(["logs", "--folder", "/a", "-f"]), "/a");
  assert.equal(folderIn(["logs", "--folder"]), ".");
});
