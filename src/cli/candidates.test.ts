// What a shell is offered: commands, options and names, by what stands before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { candidates } from "./candidates.ts";

const program = new Command("homeostat").option("--folder <folder>").option("--json");
program.command("restart <service>").description("again");
program.command("logs [names...]").option("-n, --lines <count>").description("lines");
program.command("init <kind>").description("files");
program.command("__complete", { hidden: true });
const list = program.command("incidents").description("what went wrong");
list.command("show <id>").description("one");

const known = { services: ["web", "db"], instances: ["web/1", "web/2"] };
const offered = (...words: readonly string[]): readonly string[] =>
  candidates(program, words, () => known).map(({ text }) => text);

test("commands, their options and what they take", () => {
  assert.deepEqual(offered(""), ["restart", "logs", "init", "incidents"]);
  assert.deepEqual(offered("re"), ["restart"]);
  assert.deepEqual(offered("restart", ""), ["web", "db"]);
  assert.deepEqual(offered("restart", "web", ""), []);
  assert.deepEqual(offered("logs", "web", "web/"), ["web/1", "web/2"]);
  assert.deepEqual(offered("logs", "-"), ["--lines", "--folder", "--json"]);
  assert.deepEqual(offered("incidents", ""), ["show"]);
  assert.deepEqual(offered("init", "s"), ["systemd", "supervisord"]);
});

test("the value of an option is not taken for a name", () => {
  assert.deepEqual(offered("--folder", "restart", "re"), ["restart"]);
  assert.deepEqual(offered("--folder", ""), []);
  assert.deepEqual(offered("logs", "-n", ""), []);
  assert.deepEqual(offered("--json", "restart", "d"), ["db"]);
});
