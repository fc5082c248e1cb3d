// The package as it is built and packed: each export loads, modules stand once, the command line starts.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { bundle } from "../../scripts/build.ts";
import { root, run } from "../../scripts/run.ts";
import { endMarked } from "./support/marked.ts";
import { freePorts, until } from "./support/project.ts";

const work = mkdtempSync(join(tmpdir(), "homeostat-build-"));
const home = join(work, "node_modules/homeostat");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
  readonly bin: { readonly homeostat: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly source: string }>>;
};
const main = join(home, manifest.bin.homeostat);

/** The package beside those it depends on, and nothing else: no sources, no tools. */
before(async () => {
  await bundle(join(home, "dist"));
  mkdirSync(join(home, "dashboard/dist"), { recursive: true });
  writeFileSync(join(home, "dashboard/dist/index.html"), "the page");
  writeFileSync(join(work, "package.json"), "{}");
  cpSync(join(root, "package.json"), join(home, "package.json"));
  for (const name of [...Object.keys(manifest.dependencies), "@opentelemetry/api"]) {
    const place = join(work, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, "node_modules", name), place);
  }
});
after(() => rmSync(work, { recursive: true, force: true }));

async function node(...args: readonly string[]): Promise<string> {
  const ended = await run(process.execPath, args, { cwd: work, keep: true, limitMs: 30_000 });
  assert.equal(ended.code, 0, ended.output);
  return ended.output;
}

/** What a module in the user's place prints as JSON. */
async function told(code: string): Promise<unknown> {
  const file = join(work, "main.mjs");
  writeFileSync(file, code);
  return JSON.parse(await node(file));
}

test("each export has the names of its source", async () => {
  for (const [path, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    const name = `homeostat${path.slice(1)}`;
    const source = (await import(join(root, target.source))) as object;
    const names = await told(
      `console.log(JSON.stringify(Object.keys(await import("${name}")).sort()))`,
    );
    assert.deepEqual(names, Object.keys(source).sort(), name);
  }
});

test("a module stands once, whatever it is imported through", async () => {
  const same = await told(`
    import { createApp, HomeostatError } from "homeostat";
    import * as policies from "homeostat/policies";
    import * as runtime from "homeostat/runtime";
    console.log(JSON.stringify([
      HomeostatError === policies.HomeostatError, HomeostatError === runtime.HomeostatError,
      createApp === runtime.createApp,
    ]));`);
  assert.deepEqual(same, [true, true, true]);
});

test("the site of what is watched is a line of the app", async () => {
  const site = await told(`
    import { createWatchdog } from "homeostat/runtime";
    const dog = createWatchdog({ outer: false });
    (function open() { dog.loop("a loop", { everyMs: 60_000 }); })();
    console.log(JSON.stringify(dog.list()[0]));
    process.exit();`);
  assert.match(JSON.stringify(site), /open \(file:[^)]*main\.mjs:4:\d+\)/);
});

test("the thread that watches the main thread runs, although it is handed over as text", async () => {
  const file = join(work, "blocked.mjs");
  writeFileSync(
    file,
    `import { startOuter } from "homeostat/runtime";
     const outer = startOuter({ blockedMs: 300, exitMs: 600 });
     outer.beat();
     setTimeout(function spin() { for (;;) JSON.stringify({}); }, 200);`,
  );
  const { code, output } = await run(process.execPath, [file], { keep: true, limitMs: 30_000 });
  assert.equal(code, 70, output);
  assert.match(output, /main thread blocked for \d+ ms in spin \(.*blocked\.mjs:4:\d+\)/);
});

test("the command line starts, and knows its version", async () => {
  assert.match(await node(main, "--help"), /Usage: homeostat/);
  assert.equal((await node(main, "--version")).trim(), manifest.version);
});

/** The files that are loaded with one, without what is only loaded when it is asked for. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith("/")) return seen;
  const code = readFileSync(file, "utf8");
  for (const [, name = ""] of code.matchAll(/^(?:import|export) (?:[^"]* from )?"([^"]+)";$/gm)) {
    loadedWith(name.startsWith(".") ? join(dirname(file), name) : name, seen);
  }
  return seen;
}

const packagesIn = (name: string): readonly string[] =>
  [...loadedWith(join(home, "dist", name))].filter((it) => !/^(\/|node:)/.test(it));

test("what must not wait loads no package", () => {
  for (const name of ["cli/main.js", "cli/daemon-main.js", "shared/daemon.js"]) {
    assert.deepEqual(packagesIn(name), [], name);
  }
  const main = readFileSync(join(home, "dist/cli/main.js"), "utf8");
  const commands = [...main.matchAll(/import\("\.\.\/(shared\/[^"]+)"\)/g)].map(
    ([, it = ""]) => it,
  );
  const [program, ...quick] = commands.toSorted((a) => (a.includes("program") ? -1 : 1));
  assert.deepEqual(packagesIn(program ?? ""), ["commander"]);
  assert.ok(quick.length >= 3, quick.join(" "));
  for (const name of quick) assert.deepEqual(packagesIn(name), [], name);
});

test("what V8 has made is kept in a state folder that is its user's alone", () => {
  const folder = join(work, "kept");
  const state = join(folder, ".homeostat");
  mkdirSync(state, { recursive: true, mode: 0o755 });
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const ask = (): boolean => {
    const args = [main, "--folder", folder, "status"];
    const ended = spawnSync(process.execPath, args, { env, timeout: 30_000 });
    assert.equal(ended.status, 75, String(ended.stderr));
    return existsSync(join(state, "compiled"));
  };
  assert.equal(ask(), false, "others can look into it");
  chmodSync(state, 0o700);
  assert.equal(ask(), true);
});

test("the daemon and its gateway start, serve and end", async () => {
  const folder = join(work, "hello");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "scripts": { "start": "node server.js" } }');
  writeFileSync(
    join(folder, "server.js"),
    'require("node:http").createServer((_, a) => a.end("hello")).listen(process.env.PORT);',
  );
  const [front = 0, dashboard = 0] = await freePorts(2);
  const daemon = spawn(process.execPath, [main, "up", "--dashboard-port", String(dashboard)], {
    cwd: folder,
    env: { ...process.env, PORT: String(front) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  daemon.stderr.on("data", (chunk) => {
    said += chunk;
  });
  try {
    const answer = await until("it answers through its port", 30_000, async () => {
      if (daemon.exitCode !== null) throw new Error(`it ended: ${said}`);
      const got = await fetch(`http://127.0.0.1:${front}/`).catch(() => undefined);
      return got?.status === 200 ? got.text() : undefined;
    });
    assert.equal(answer, "hello");
    const page = await fetch(`http://127.0.0.1:${dashboard}/`);
    assert.equal(await page.text(), "the page");
    await node(main, "down", "--folder", folder);
    await until("the daemon has ended", 15_000, async () => daemon.exitCode ?? undefined);
    assert.equal(daemon.exitCode, 0, said);
  } finally {
    await end(daemon);
    await endMarked(join(folder, ".homeostat"));
  }
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
