// The checks that read the code without running it: types, format and lint.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.ts";
import { add, line, none, type Tally } from "./tally.ts";

const tsc = join(root, "node_modules/typescript/bin/tsc");
const biome = join(root, "node_modules/@biomejs/biome/bin/biome");

const checks: readonly (readonly [name: string, ...args: string[]])[] = [
  ["types", tsc, "-p", "."],
  ["types of the dashboard", tsc, "-p", "dashboard"],
  ["types of the dashboard's tests", tsc, "-p", "dashboard/test"],
  ["types of the shop", tsc, "-p", "examples/shop"],
  ["types of the one process", tsc, "-p", "examples/one-process"],
  ["format and lint", biome, "check", "--diagnostic-level=warn", "--error-on-warnings", "."],
];

export interface Checked {
  readonly tally: Tally;
  /** One line for each check, and all that a failed one wrote. */
  readonly report: string;
  readonly failures: string;
}

/** All checks at once; none waits for another. */
export async function runChecks(): Promise<Checked> {
  const present = checks.filter(
    ([, , flag, path]) => flag !== "-p" || existsSync(join(root, path ?? "")),
  );
  const results = await Promise.all(
    present.map(async ([name, ...args]) => {
      const ended = await run(process.execPath, args, { keep: true, limitMs: 120_000 });
      const tally = add(none, ended.code === 0 ? { passed: 1 } : { failed: 1 });
      const head = `${line(name, tally, ended.ms)}\n`;
      return { tally, head, failure: ended.code === 0 ? "" : ended.output };
    }),
  );
  return {
    tally: results.reduce((sum, { tally }) => add(sum, tally), none),
    report: results.map(({ head, failure }) => head + failure).join(""),
    failures: results.map(({ head, failure }) => (failure === "" ? "" : head + failure)).join(""),
  };
}
