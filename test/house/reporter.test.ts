// The test of the test runner: its counts must be true whatever a test file does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { add, line, none, type Tally, tell } from "../../scripts/tally.ts";
import { root } from "./tree.ts";

const imports = `import { before, describe, test } from "node:test";\n`;

const files = {
  "good.test.ts": `${imports} test("one", () => {}); test("two", { skip: "no disk" }, () => {});`,
  "bad.test.ts": `${imports} console.log("a last word");
    describe("group", () => {
      test("sound", () => {});
      test("parent", async (t) => {
        await t.test("child", () => { throw new Error("outer", { cause: new Error("inner") }); });
      });
    });`,
  "hook.test.ts": `${imports} describe("group", () => {
      before(() => { throw new Error("no ground"); });
      test("never", () => {});
    });`,
  "late.test.ts": `${imports} test("leaves work behind", () => {
      setTimeout(() => { throw new Error("too late"); }, 5);
    });
    test("waits", () => new Promise((resolve) => { setTimeout(resolve, 40); }));`,
  "load.test.ts": `${imports} test("declared", () => {}); throw new Error("while loading");`,
  "empty.test.ts": `console.log("nothing to test");`,
  "leaves.test.ts": `${imports} test("leaves", () => { process.exit(0); });`,
} as const;

mkdirSync(join(root, "tmp"), { recursive: true });
const folder = mkdtempSync(join(root, "tmp", "reporter-"));
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
after(() => rmSync(folder, { recursive: true, force: true }));

interface Reported {
  readonly tally: Tally | undefined;
  readonly code: number | null;
  readonly output: string;
}

function report(mode: "none" | "process", names: readonly (keyof typeof files)[]): Reported {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const place = join(folder, `${mode}-${names.join("-")}.json`);
  const reporter = `--test-reporter=${join(root, "scripts/reporter.ts")}`;
  const loaded = mode === "none" ? [join(root, "scripts/together.ts")] : names;
  const told = { HOMEOSTAT_TEST_TALLY: place, HOMEOSTAT_TEST_FILES: names.join("\n") };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--test", `--test-isolation=${mode}`, "--test-concurrency=1", reporter, ...loaded],
    {
      cwd: folder,
      env: { ...env, ...told },
      encoding: "utf8",
      timeout: 30_000,
    },
  );
  let tally: Tally | undefined;
  try {
    tally = JSON.parse(readFileSync(place, "utf8"));
  } catch {
    tally = undefined;
  }
  return { tally, code: status, output: stdout + stderr };
}

for (const mode of ["none", "process"] as const) {
  describe(`with isolation ${mode}`, () => {
    test("counts tests, not groups, and tells a failure with its path and its cause", () => {
      const { tally, code, output } = report(mode, ["good.test.ts", "bad.test.ts"]);
      assert.deepEqual(tally, { passed: 2, failed: 1, skipped: 1 }, output);
      assert.equal(code, 1);
      assert.match(output, /^ok {3}good\.test\.ts {2}1 passed, 0 failed, 1 skipped {2}\d+ ms$/m);
      assert.match(output, /^FAIL bad\.test\.ts {2}1 passed, 1 failed {2}\d+ ms$/m);
      assert.match(output, /group › parent › child\n {4}at bad\.test\.ts:6/);
      assert.match(output, /Error: outer[\s\S]+caused by Error: inner/);
      assert.match(output, /a last word/);
    });

    test("counts a hook that failed and what it kept from running", () => {
      const { tally, code, output } = report(mode, ["hook.test.ts"]);
      assert.deepEqual(tally, { passed: 0, failed: 2, skipped: 0 }, output);
      assert.equal(code, 1);
      assert.match(output, /no ground/);
    });

    test("counts work that outlived its test and threw", () => {
      const { tally, output } = report(mode, ["late.test.ts"]);
      assert.deepEqual(tally, { passed: 2, failed: 1, skipped: 0 }, output);
      assert.match(output, /too late/);
    });

    test("counts a file that could not be loaded", () => {
      const { tally, code, output } = report(mode, ["good.test.ts", "load.test.ts"]);
      assert.equal(tally?.failed, 1, output);
      assert.equal(code, 1);
      assert.match(output, /while loading/);
    });

    test("does not take a file without tests for a test", () => {
      assert.deepEqual(report(mode, ["empty.test.ts"]).tally, none);
    });
  });
}

test("a test that ends the process leaves no report behind that says all is well", () => {
  const { tally } = report("none", ["good.test.ts", "leaves.test.ts"]);
  assert.equal(tally, undefined);
});

test("totals say what they must, skipped tests only where there are some", () => {
  assert.equal(tell(add(none, { passed: 3 })), "3 passed, 0 failed");
  assert.equal(tell({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
  assert.equal(line("a.test.ts", none, 1_250), "ok   a.test.ts  0 passed, 0 failed  1.3 s");
});
