// A real program of Debian beside a test: started, waited for, and ended by its pid.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findProgram } from "../../../scripts/apt.ts";

/** A folder that goes with the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-sources-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Undefined where it is not installed: then `skip` was told which package has it. */
export function start(
  t: TestContext,
  program: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly said: () => string } | undefined {
  const path = findProgram(program);
  if (path === undefined) {
    t.skip(`${program} is missing: apt-get install ${program}`);
    return undefined;
  }
  const child = spawn(path, [...args], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said = `${said}${chunk}`.slice(-10_000);
  });
  t.after(async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });
  return {
    child,
    said: () => {
      assert.equal(child.exitCode, null, said);
      return said;
    },
  };
}
