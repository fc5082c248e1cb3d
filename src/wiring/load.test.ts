// Every broken config is refused with all of its problems, each once; sound ones are taken.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { brokens } from "../../test/configs/all.ts";
import { type Broken, fill, layOut, type Ports } from "../../test/configs/broken.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { type LoadOptions, loadConfig } from "./load.ts";
import type { Problem } from "./problem.ts";

const ports: Ports = { A: 47_811, B: 47_812, C: 47_813, D: 47_814 };
const root = mkdtempSync(join(tmpdir(), "homeostat-load-"));
after(() => rmSync(root, { recursive: true, force: true }));

const { PATH } = process.env;
let made = 0;

/** A fresh folder each time: a module is imported once for each path. */
function folderWith(files: Broken["files"]): string {
  const folder = join(root, `p${made++}`);
  layOut(folder, files, ports);
  return folder;
}

function options(folder: string, more: Partial<LoadOptions> = {}): LoadOptions {
  return { folder, env: { PATH }, clock: simClock(), ...more };
}

async function refused(load: LoadOptions): Promise<HomeostatError> {
  const error: unknown = await loadConfig(load).then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HomeostatError, String(error));
  assert.equal(error.family, "Misconfigured");
  return error;
}

describe("a broken config", () => {
  assert.ok(brokens.length >= 45, `${brokens.length} of them`);
  for (const broken of brokens) {
    const { name, files, problems, message = [], code = "CONFIG_INVALID" } = broken;
    it(name, async () => {
      const folder = join(folderWith(files), broken.folder ?? ".");
      const { config, env } = broken;
      const file = config === undefined ? {} : { file: config };
      const error = await refused(options(folder, { ...file, env: { PATH, ...env } }));
      assert.equal(error.code, code);
      for (const piece of message) assert.ok(error.message.includes(piece), error.message);
      const found = (problems.length === 0 ? [] : error.details) as readonly Problem[];
      assert.deepEqual(
        found.map(({ path }) => path),
        problems.map(([path]) => path),
        error.message,
      );
      for (const [i, [path, expected, got]] of problems.entries()) {
        const problem = found[i] ?? { expected: "", got: "" };
        assert.ok(problem.expected.includes(fill(expected, ports)), `${path}: ${error.message}`);
        assert.doesNotMatch(problem.expected, /invalid|undefined|received|record|object|NaN/i);
        assert.ok(problem.got.includes(fill(got, ports)), `${path}: ${error.message}`);
      }
      const { secret } = broken;
      if (secret !== undefined) assert.ok(!error.message.includes(secret), error.message);
    });
  }
});
