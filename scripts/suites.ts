// The suites of tests: which files, how they are run, and how long they may take.
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, root, run } from "./run.ts";
import { add, none, type Tally } from "./tally.ts";

interface Suite {
  readonly patterns: readonly string[];
  /** All files in one process, or one process after the other for each file. */
  readonly together: boolean;
  /** Of the whole suite; when it is over, the suite is ended and has failed. */
  readonly limitMs: number;
}

/** Starting a process for each file costs more than these tests do. */
const together = ["--test-isolation=none", "--test-timeout=90000", "--test-force-exit"];

/** A process each, three at a time: they wait more than they work, and have ports of their own. */
const apart = ["--test-isolation=process", "--test-concurrency=3", "--test-timeout=600000"];

export type SuiteName = "house" | "fast" | "process" | "browser";

const modelTests = "src/**/*.model.test.ts";

const suites: Readonly<Record<SuiteName, Suite>> = {
  house: {
    patterns: [
      "test/{architecture,dependencies,docs,errors,requirements}.test.ts",
      "test/house/*.test.ts",
    ],
    together: true,
    limitMs: 120_000,
  },
  fast: {
    patterns: [
      "src/**/*.test.ts",
      "test/*.test.ts",
      "sim/**/*.test.ts",
      "bench/**/*.test.ts",
      "scripts/**/*.test.ts",
      "dashboard/test/*.test.ts",
    ],
    together: true,
    limitMs: 180_000,
  },
  process: {
    patterns: [
      "test/process/*.test.ts",
      "test/adapters/*.test.ts",
      "examples/*/test/*.test.ts",
      // Wide searches take seconds of CPU time: the fast suite is for each save.
      modelTests,
    ],
    together: false,
    limitMs: 1_200_000,
  },
  browser: { patterns: ["test/browser/*.test.ts"], together: false, limitMs: 600_000 },
};

export function filesOf(name: SuiteName): readonly string[] {
  const ignored = (path: string): boolean => path.includes("node_modules");
  const found = globSync(suites[name].patterns, { cwd: root, exclude: ignored }).sort();
  // What reads the tree and runs its documents is a suite of its own, run with the checks.
  const others = name === "fast" ? [...filesOf("house"), ...found.filter(isModel)] : [];
  const files = found.filter((path) => !others.includes(path));
  // The tour is the longest and comes last by name: begun first, nothing waits for it at the end.
  return suites[name].together ? files : files.reverse();
}

const isModel = (path: string): boolean => path.endsWith(".model.test.ts");

export interface Run {
  readonly tally: Tally;
  readonly output: string;
  readonly ms: number;
}

interface RunOptions {
  readonly keep: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a suite in processes of its own, so that a test that ends its process ends nothing else. */
export async function runSuite(name: SuiteName, options: RunOptions): Promise<Run> {
  const files = filesOf(name);
  if (files.length === 0) return { tally: none, output: "", ms: 0 };
  const folder = mkdtempSync(join(tmpdir(), "homeostat-test-"));
  try {
    // Machines have two cores: where all files share one process, each half of them has its own.
    const parts = name === "fast" ? halves(files) : [files];
    const runs = await Promise.all(parts.map((part) => runPart(name, part, folder, options)));
    return {
      tally: runs.map(({ tally }) => tally).reduce(add),
      output: runs.map(({ output }) => output).join(""),
      ms: Math.max(...runs.map(({ ms }) => ms)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runPart(
  name: SuiteName,
  files: readonly string[],
  folder: string,
  { keep, env = {} }: RunOptions,
): Promise<Run> {
  const place = join(mkdtempSync(join(folder, "part-")), "tally.json");
  const told = {
    HOMEOSTAT_TEST_TALLY: place,
    HOMEOSTAT_TEST_FILES: files.join("\n"),
    // Most of what a command costs is reading its modules, and the tests start hundreds.
    NODE_COMPILE_CACHE: join(folder, "compiled"),
  };
  const args = argumentsFor(suites[name], files);
  const { limitMs } = suites[name];
  const ended = await run(process.execPath, args, { keep, limitMs, env: { ...env, ...told } });
  return judge(name, ended, readTally(place));
}

/** Every second file, so that the long ones of one folder do not all fall to one half. */
function halves(files: readonly string[]): readonly (readonly string[])[] {
  return [0, 1].map((half) => files.filter((_, i) => i % 2 === half));
}

function argumentsFor(suite: Suite, files: readonly string[]): readonly string[] {
  const reporter = `--test-reporter=${join(root, "scripts/reporter.ts")}`;
  const common = ["--conditions=source", "--test", reporter];
  if (!suite.together) return [...common, ...apart, ...files];
  return [...common, ...together, join(root, "scripts/together.ts")];
}

/** An exit code that no failure explains is a failure: a test may have ended the process. */
function judge(name: SuiteName, ended: Ended, told: Tally | undefined): Run {
  if (told !== undefined && (ended.code === 0 || told.failed > 0)) return { ...ended, tally: told };
  const why = ended.late ? "took too long and was ended" : `ended with ${ended.code}`;
  const note = `FAIL ${name}: the suite ${why} without telling a failure\n`;
  return { ...ended, output: ended.output + note, tally: add(told ?? none, { failed: 1 }) };
}

function readTally(place: string): Tally | undefined {
  try {
    return JSON.parse(readFileSync(place, "utf8")) as Tally;
  } catch {
    return undefined; // the suite ended before its report: its exit code tells
  }
}
