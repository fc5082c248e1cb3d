// The policies on Node 22: their whole suite from source, and what is built on the oldest one promised.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bundle } from "../../scripts/build.ts";

const root = join(import.meta.dirname, "../..");
const work = mkdtempSync(join(tmpdir(), "homeostat-node22-"));
after(() => rmSync(work, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  return new Promise((resolve) => {
    const limits = {
      timeout: 120_000,
      killSignal: "SIGKILL" as const,
      maxBuffer: 16 * 1024 * 1024,
    };
    const child = execFile(command, args, { cwd, env, ...limits }, (error, out, err) => {
      const why = error?.killed ? "took longer than 120 s" : (error?.code ?? child.exitCode);
      resolve({ code: why, out: out.trim(), err: err.trim() });
    });
  });
}

/** What npm's cache has is taken; a registry that does not answer is not waited for long. */
const fetching = ["-y", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"];

/** The path of a Node of this version; npx fetches it once and keeps it. Never skipped: it fails. */
async function nodeOf(version: string): Promise<string> {
  const ask = "process.version + ' ' + process.execPath";
  const npx = await run("npx", [...fetching, "-p", `node@${version}`, "node", "-p", ask], work);
  const [, got = "none", path = ""] = /^v(\S+) (.+)$/m.exec(npx.out) ?? [];
  const told = `npx -p node@${version} ended with ${npx.code}: ${npx.err}`;
  const hint = "this test needs npm's registry, or the version in npm's cache";
  assert.ok(
    got === version || got.startsWith(`${version}.`),
    `no Node ${version} (${hint})\n${told}`,
  );
  return path;
}

test("the suite of the policies passes on Node 22", async () => {
  const node22 = await nodeOf("22");
  const files = globSync("src/policies/**/*.test.ts", { cwd: root }).sort();
  assert.ok(files.length >= 10, `${files}`);
  const flags = ["--experimental-strip-types", "--no-warnings", "--conditions=source"];
  const tests = ["--test", "--experimental-test-isolation=none", "--test-reporter=spec"];
  const { code, out, err } = await run(node22, [...flags, ...tests, ...files], root);
  const count = (what: string): number =>
    Number(new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(out)?.[1]);
  const [, failing = out.slice(-4_000)] = out.split(/^✖ failing tests:$/m);
  assert.equal(code, 0, `${failing}\n${err}`);
  assert.ok(
    count("tests") >= files.length,
    `only ${count("tests")} tests of ${files.length} files`,
  );
  assert.equal(count("pass"), count("tests"));
});

test("what is built loads and works on the oldest Node that is promised", async () => {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const oldest = /^>=(\d+\.\d+)$/.exec(engines.node)?.[1];
  assert.ok(oldest, `engines.node is ${engines.node}`);
  await bundle(join(work, "dist"));
  writeFileSync(join(work, "package.json"), '{ "type": "module" }');
  // The peer of opentelemetry.js and what cli/ and gateway/ import are not installed here.
  const files = [
    "policies/index",
    "policies/decorators",
    "index",
    "runtime/index",
    "testing/index",
  ];
  const script = `
import { createRequire } from "node:module";
for (const file of ${JSON.stringify(files)}) await import("./dist/" + file + ".js");
const { pipeline } = createRequire(import.meta.url)("./dist/policies/index.js");
const api = pipeline({ name: "t", timeout: 1_000, retry: { retries: 1, backoff: 0 }, breaker: true });
const work = ({ attempt }) => attempt === 0 ? Promise.reject(new Error("away")) : "works";
console.log(await api.run(work), process.versions.node);`;
  writeFileSync(join(work, "main.js"), script);
  const { code, out, err } = await run(await nodeOf(`${oldest}.0`), ["main.js"], work);
  assert.deepEqual({ code, out }, { code: 0, out: `works ${oldest}.0` }, err);
});
