// Every broken config through the real command line.
// Exit code 78, one message on stderr that lists every problem once, nothing on stdout, nothing
// started and no folder made.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { brokens } from "../configs/all.ts";
import { type Broken, fill, layOut, type Ports, yaml } from "../configs/broken.ts";
import { type Ended, homeostat } from "./support/command.ts";
import { freePorts } from "./support/project.ts";

const root = mkdtempSync(join(tmpdir(), "homeostat-bad-"));
let ports: Ports;
let dashboard = 0;
let taken: Server;

/** D is held by another program, C is free. */
before(async () => {
  const [A = 0, B = 0, C = 0, D = 0, other = 0] = await freePorts(5);
  ports = { A, B, C, D };
  dashboard = other;
  taken = createServer().listen(D, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
});
after(() => {
  taken.close();
  rmSync(root, { recursive: true, force: true });
});

let made = 0;

async function play(
  broken: Broken,
  command: "check" | "up",
  ...more: readonly string[]
): Promise<Ended & { readonly folder: string }> {
  const folder = join(root, `p${made++}`);
  layOut(folder, broken.files, ports);
  const args: string[] = [command, ...more];
  if (broken.config !== undefined) args.push("--config", broken.config);
  if (!broken.keepsDashboard) args.push("--dashboard-port", String(dashboard));
  const ended = await homeostat(join(folder, broken.folder ?? "."), args, broken);
  return { ...ended, folder };
}

function told(broken: Broken, { code, out, err, folder }: Ended & { folder: string }): void {
  assert.equal(code, 78, err);
  assert.equal(out, "");
  assert.doesNotMatch(err, /\n\s+at |Warning/, "a stack or a warning");
  assert.ok(!existsSync(join(folder, ".homeostat")), "a folder was made");
  assert.deepEqual(readdirSync(folder).sort(), topOf(broken).sort());
  const lines = err.split("\n");
  for (const [path, expected, got] of broken.problems) {
    const head = path === "" ? "the file " : fill(path, ports);
    const isHere = (line: string): boolean =>
      line.trimStart().startsWith(`${head} `) || line.startsWith(`${head}:`);
    const found = lines.filter(isHere);
    assert.equal(found.length, 1, `${head} is told ${found.length} times:\n${err}`);
    const [line = ""] = found;
    assert.ok(line.includes(`expected `) && line.includes(`, got `), line);
    assert.ok(line.includes(fill(expected, ports)), `${line}\nlacks ${fill(expected, ports)}`);
    assert.ok(line.includes(fill(got, ports)), `${line}\nlacks ${fill(got, ports)}`);
  }
  const all = lines.filter((line) => line.includes("expected "));
  assert.equal(all.length, Math.max(1, broken.problems.length), err);
  for (const piece of broken.message ?? []) assert.ok(err.includes(piece), err);
  if (broken.secret !== undefined) assert.ok(!err.includes(broken.secret), err);
}

function topOf({ files }: Broken): string[] {
  return [...new Set(Object.keys(files).map((file) => file.split("/")[0] ?? ""))];
}

/** Two at a time: a start costs 0.4 s of CPU, and the machine is shared. */
const pair = { concurrency: 2 };

describe("homeostat check of a broken config", pair, () => {
  for (const broken of brokens) {
    it(broken.name, async () => told(broken, await play(broken, "check")));
  }
});

describe("homeostat up with a broken config", pair, () => {
  const some = brokens.filter((_, i) => i % 6 === 0);
  for (const broken of some) {
    it(broken.name, async () => told(broken, await play(broken, "up")));
  }
});

const inUse: readonly Broken[] = [
  yaml(
    "ports that others hold",
    "dashboard: { port: {C} }\nservices:\n  a: { command: sleep 5, port: {D} }\n  b: { command: sleep 5, port: {B}, replica: 2 }\n",
    [
      ["services.a.port", "a free port", "{D}, in use by another program"],
      ["services.b.replica", '"replicas"', "replica"],
    ],
    { keepsDashboard: true },
  ),
  yaml(
    "a port of the dashboard that others hold",
    "dashboard: { port: {D} }\nservices: { a: { command: sleep 5 } }\n",
    [["dashboard.port", "a free port", "{D}, in use by another program"]],
    { keepsDashboard: true },
  ),
  yaml(
    "an address that is not of this machine",
    "dashboard: { host: 203.0.113.7, port: {C}, token: 0123456789abcdef }\nservices: { a: { command: sleep 5 } }\n",
    [["dashboard.host", "an address of this machine", '"203.0.113.7" (EADDRNOTAVAIL)']],
    { keepsDashboard: true },
  ),
];

describe("ports and addresses that cannot be had", pair, () => {
  for (const broken of inUse) {
    it(`${broken.name}: check`, async () => told(broken, await play(broken, "check")));
    it(`${broken.name}: up`, async () => told(broken, await play(broken, "up")));
  }
});

describe("a broken config with --json", pair, () => {
  const chosen = ["five at once", "tabs in YAML", "an empty folder", "exports a promise"];
  for (const broken of brokens.filter(({ name }) => chosen.includes(name))) {
    it(broken.name, async () => {
      const { code, out, err } = await play(broken, "check", "--json");
      assert.deepEqual([code, out], [78, ""]);
      assert.equal(err.split("\n").length, 2, err);
      const { error } = JSON.parse(err);
      assert.equal(error.code, broken.code ?? "CONFIG_INVALID");
      assert.ok(error.hint !== "" && error.message.includes("expected"));
      const paths = (error.details ?? []).map(({ path }: { readonly path: string }) => path);
      assert.deepEqual(
        paths,
        broken.problems.map(([path]) => path),
      );
    });
  }
});
