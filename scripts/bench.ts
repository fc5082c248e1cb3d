// Runs the measurements one after the other: npm run bench, or npm run bench -- store loop.
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { root, run } from "./run.ts";

const limitMs = 30 * 60_000;
const parts = new Set(["table.ts"]);

const asked = process.argv.slice(2);
const files = globSync("bench/*.ts", { cwd: root })
  .filter((path) => !parts.has(basename(path)) && !path.endsWith(".test.ts"))
  .filter((path) => asked.length === 0 || asked.includes(basename(path, ".ts")))
  .sort();

const failed: string[] = [];
for (const file of files) {
  console.log(`\n${file}`);
  const ended = await run(process.execPath, ["--conditions=source", join(root, file)], {
    keep: false,
    limitMs,
  });
  if (ended.code !== 0) failed.push(file);
}
if (files.length === 0) console.error(`no measurement was found for: ${asked.join(", ") || "all"}`);
if (failed.length > 0) console.error(`\ngoals were missed in ${failed.join(", ")}`);
process.exitCode = failed.length > 0 || files.length === 0 ? 1 : 0;
