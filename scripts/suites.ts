// The suites of tests: which files, how they are run, and how long they may take.
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./run.ts";
import { add, none, type Tally } from "./tally.ts";

interface Suite {
  readonly patterns: readonly string[];
  readonly flags: readonly string[];
  /** Of the whole suite; when it is over, the suite is ended and has failed. */
  readonly limitMs: number;
}

/** One process for all files: starting one for each costs more than the tests. */
const together = ["--test-isolation=none", "--test-timeout=90000"];

/** Real processes, sockets and time: one file after the other, so that they do not disturb. */
const apart = ["--test-isolation=process", "--test-concurrency=1", "--test-timeout=600000"];

export type SuiteName = "house" | "fast" | "process" | "browser";

const suites: Readonly<Record<SuiteName, Suite>> = {
  house: {
    patterns: [
      "test/{architecture,dependencies,docs,errors,requirements}.test.ts",
      "test/house/*.test.ts",
    ],
    flags: together,
    limitMs: 120_000,
  },
  fast: {
    patterns: [
      "src/**/*.test.ts",
      "test/*.test.ts",
      "test/house/*.test.ts",
      "sim/**/*.test.ts",
      "bench/**/*.test.ts",
      "scripts/**/*.test.ts",
      "dashboard/test/*.test.ts",
    ],
    flags: together,
    limitMs: 180_000,
  },
  process: {
    patterns: ["test/process/*.test.ts", "examples/*/test/*.test.ts"],
    flags: apart,
    limitMs: 1_200_000,
  },
  browser: { patterns: ["test/browser/*.test.ts"], flags: apart, limitMs: 600_000 },
};

export function filesOf(name: SuiteName): readonly string[] {
  const ignored = (path: string): boolean => path.includes("node_modules");
  return globSync(suites[name].patterns, { cwd: root, exclude: ignored }).sort();
}

export interface Run {
  readonly tally: Tally;
  readonly output: string;
  readonly ms: number;
}

/** Runs a suite in a process of its own, so that a test that ends it ends nothing else. */
export async function runSuite(
  name: SuiteName,
  { keep, env = {} }: { keep: boolean; env?: Readonly<Record<string, string>> },
): Promise<Run> {
  const files = filesOf(name);
  if (files.length === 0) return { tally: none, output: "", ms: 0 };
  const { flags, limitMs } = suites[name];
  const folder = mkdtempSync(join(tmpdir(), "homeostat-test-"));
  const place = join(folder, "tally.json");
  const reporter = `--test-reporter=${join(root, "scripts/reporter.ts")}`;
  const args = ["--conditions=source", "--test", ...flags, reporter, ...files];
  try {
    const ended = await run(process.execPath, args, {
      keep,
      limitMs,
      env: { ...env, HOMEOSTAT_TEST_TALLY: place },
    });
    const told = readTally(place);
    const why = ended.late ? `was ended after ${limitMs / 1_000} s` : `ended with ${ended.code}`;
    if (told !== undefined && (ended.code === 0 || told.failed > 0))
      return { ...ended, tally: told };
    const note = `FAIL ${name}: the suite ${why} without telling a failure\n`;
    return { ...ended, output: ended.output + note, tally: add(told ?? none, { failed: 1 }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readTally(place: string): Tally | undefined {
  try {
    return JSON.parse(readFileSync(place, "utf8")) as Tally;
  } catch {
    return undefined; // the suite ended before its report: its exit code tells
  }
}
