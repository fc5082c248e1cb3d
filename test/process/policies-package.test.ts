// The policies as a user installs them: built, found by the export map, alone, in each way to load them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { after, before, test } from "node:test";
import { codeOf, importsOf } from "../house/scan.ts";

const root = join(import.meta.dirname, "../..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const work = mkdtempSync(join(tmpdir(), "homeostat-package-"));
const build = join(work, "build");
/** The policies and the kernel: their faces and types, and what they share with the rest. */
const parts = [
  ...["policies", "kernel", "shared/policies.js", "shared/policies-common.js"],
  "shared/kernel.js",
];
const own = "(?:policies/|kernel/|shared/(?:policies|policies-common|kernel)\\.js)";

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function node(cwd: string, ...args: readonly string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: 60_000, killSignal: "SIGKILL" as const };
    const child = execFile(process.execPath, args, options, (_error, out, err) =>
      resolve({ code: child.exitCode, out: out.trim(), err: err.trim() }),
    );
  });
}

before(async () => {
  const built = await node(root, "--conditions=source", "scripts/build.ts", "--out", build);
  assert.equal(built.code, 0, built.err);
});
after(() => rmSync(work, { recursive: true, force: true }));

/**
 * A project with these files in which the package is installed: no more of it than the policies and
 * the kernel, and of other packages only those named.
 */
function project(
  name: string,
  files: Readonly<Record<string, string | object>>,
  packages: readonly string[] = [],
): string {
  const folder = join(work, name);
  const installed = join(folder, "node_modules/homeostat");
  for (const part of parts) {
    cpSync(join(build, part), join(installed, "dist", part), { recursive: true });
  }
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  for (const other of packages) {
    const place = join(folder, "node_modules", other);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, "node_modules", other), place);
  }
  // Without one, that of a folder above would say which package this is.
  for (const [file, text] of Object.entries({ "package.json": {}, ...files })) {
    writeFileSync(join(folder, file), typeof text === "string" ? text : JSON.stringify(text));
  }
  return folder;
}

/** Imports a module and prints the files that it brought with it. */
const tracing = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({
  load(url, context, next) {
    if (!url.startsWith("node:")) loaded.push(url);
    return next(url, context);
  },
});
const face = await import(process.argv[2]);
console.log(JSON.stringify({ loaded, names: Object.keys(face) }));`;

async function trace(folder: string, specifier: string) {
  const { code, out, err } = await node(folder, "trace.mjs", specifier);
  assert.equal(code, 0, err);
  assert.equal(err, "");
  const { loaded, names } = JSON.parse(out) as { loaded: string[]; names: string[] };
  const places = loaded.map((url) => /node_modules\/(.*)$/.exec(url)?.[1] ?? url);
  return { places, names };
}

test("the policies load nothing but themselves and the kernel", async () => {
  const folder = project("alone", { "trace.mjs": tracing });
  for (const entry of ["policies", "policies/decorators"]) {
    const { places, names } = await trace(folder, `homeostat/${entry}`);
    assert.ok(names.includes(entry === "policies" ? "pipeline" : "through"), `${names}`);
    const foreign = places.filter((place) => !new RegExp(`^homeostat/dist/${own}`).test(place));
    assert.deepEqual(foreign, []);
  }
});

test("no file of them names a package; that of OpenTelemetry names its peer", () => {
  const files = globSync("{policies,kernel,shared}/**/*.{js,d.ts}", { cwd: build }).filter((file) =>
    new RegExp(`^${own}`).test(file),
  );
  assert.ok(files.length > 40, `${files.length}`);
  const named = files.flatMap((file) => {
    const text = readFileSync(join(build, file), "utf8");
    return importsOf(text, codeOf(text)).flatMap(({ specifier }) => {
      if (specifier.startsWith("node:")) return [];
      const to = specifier.startsWith(".") ? join(dirname(file), specifier) : specifier;
      const isOwn = new RegExp(`^${own}`).test(to.replaceAll(sep, "/"));
      return isOwn ? [] : [`${file}: ${to}`];
    });
  });
  const peer = ["js", "d.ts"].map((kind) => `policies/opentelemetry.${kind}: @opentelemetry/api`);
  assert.deepEqual(named.toSorted(), peer.toSorted());
});

test("the build has no syntax that Node 22 cannot read", () => {
  const files = globSync("**/*.js", { cwd: build });
  assert.ok(files.length > 10, `${files.length}`);
  const using = /(?:^|[;{}(]|\bawait)\s*using\s+[\w$]+\s*(?:=|of\b)/m;
  assert.match("  await using handle = open();", using);
  const found = files.filter((file) => using.test(codeOf(readFileSync(join(build, file), "utf8"))));
  assert.deepEqual(found, []);
});

test("CommonJS can require them", async () => {
  const folder = project("commonjs", {
    "main.cjs": `
const { pipeline } = require("homeostat/policies");
const { through } = require("homeostat/policies/decorators");
pipeline({ name: "t" }).run(() => typeof through).then(console.log);`,
  });
  assert.deepEqual(await node(folder, "main.cjs"), { code: 0, out: "function", err: "" });
});

test("the OpenTelemetry entry asks for its peer, and loads it alone", async () => {
  const entry = "homeostat/policies/opentelemetry";
  const without = project("no-peer", { "trace.mjs": tracing });
  const failed = await node(without, "trace.mjs", entry);
  assert.equal(failed.code, 1);
  assert.match(failed.err, /Cannot find package '@opentelemetry\/api'/);

  const observed = project("observed", { "trace.mjs": tracing }, ["@opentelemetry/api"]);
  const { places, names } = await trace(observed, entry);
  assert.deepEqual(names.toSorted(), ["observePolicies", "timedAttempts"]);
  const foreign = places.filter(
    (place) => !new RegExp(`^(?:homeostat/dist/${own}|@opentelemetry/api/)`).test(place),
  );
  assert.deepEqual(foreign, []);
});

/** As a user would: strict, libraries checked too, no more of the language than Node 22 has. */
function compilerOptions(more: object = {}): object {
  return {
    compilerOptions: {
      target: "ES2023",
      lib: ["ES2023"],
      module: "NodeNext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      outDir: "out",
      ...more,
    },
    include: ["*.ts", "*.cts"],
  };
}

const types = ["@types/node", "@opentelemetry/api"];

test("types are found under NodeNext, from ES modules and from CommonJS", async () => {
  const folder = project(
    "typed",
    {
      "package.json": { type: "module" },
      "tsconfig.json": compilerOptions(),
      "main.ts": `
import { type Outcome, pipeline } from "homeostat/policies";
import { observePolicies } from "homeostat/policies/opentelemetry";
const users = pipeline({ name: "users", breaker: true, fallback: () => null });
const hold: Disposable = users.breaker.isolate();
const outcome: Outcome<string | null> = await users.tryRun(async () => "found");
// @ts-expect-error the fallback may give null
const sure: string = await users.run(() => "found");
hold[Symbol.dispose]();
observePolicies({ pipelines: [users] })[Symbol.dispose]();
console.log(outcome, sure);`,
      "old.cts": `
import { pipeline } from "homeostat/policies";
const users = pipeline({ name: "users" });
users.run(async () => 7).then((seven: number) => console.log(seven));`,
    },
    types,
  );
  const compiled = await node(folder, tsc, "-p", ".");
  assert.deepEqual(compiled, { code: 0, out: "", err: "" });
  const modern = await node(folder, "out/main.js");
  assert.deepEqual(modern, { code: 0, out: "{ ok: true, value: null } null", err: "" });
  assert.deepEqual(await node(folder, "out/old.cjs"), { code: 0, out: "7", err: "" });
});

const decorated = `
import { pipeline, type RunContext } from "homeostat/policies";
import { through, throughWithContext } from "homeostat/policies/decorators";

const api = pipeline({ name: "users", retry: { retries: 2, backoff: 0 } });
const maybe = pipeline({ name: "maybe", fallback: () => null });
const http = pipeline<Response>({ name: "http" });

class Users {
  tries = 0;
  @through(api, { key: (id: string) => id })
  async find(id: string, limit = 10): Promise<string> {
    this.tries += 1;
    if (this.tries < 3) throw new Error("away");
    return [id, limit, this.tries].join();
  }
  @throughWithContext(api, { signal: (_id: string, signal?: AbortSignal) => signal })
  async aware(id: string, signal?: AbortSignal, context?: RunContext): Promise<string> {
    if (context?.attempt === 0) throw new Error("away");
    return [id, signal, context?.attempt].join();
  }
  @through(maybe)
  async perhaps(id: string): Promise<string | null> {
    throw new Error(id);
  }
  @through(api)
  async generic<T>(value: T): Promise<T> {
    return value;
  }
  @through(api)
  static async make(): Promise<Users> {
    return new this();
  }

  // @ts-expect-error it gives no promise
  @through(api)
  sync(): string {
    return "";
  }
  // @ts-expect-error the fallback gives null
  @through(maybe)
  async sure(): Promise<string> {
    return "";
  }
  // @ts-expect-error the pipeline is bound to responses
  @through(http)
  async text(): Promise<string> {
    return "";
  }
  // @ts-expect-error the key takes a number
  @through(api, { key: (id: number) => String(id) })
  async wrongKey(id: string): Promise<string> {
    return id;
  }
  // @ts-expect-error there is no such option
  @through(api, { keys: (id: string) => id })
  async wrongOption(id: string): Promise<string> {
    return id;
  }
}

const users = await Users.make();
const five: number = await users.generic(5);
const found: string = await users.find("x");
const aware: string = await users.aware("y");
console.log(JSON.stringify([found, aware, await users.perhaps("z"), five, users.find.name]));`;

for (const experimentalDecorators of [false, true]) {
  const mode = experimentalDecorators ? "legacy" : "standard";
  test(`decorators compile and run as ${mode} ones`, async () => {
    const files = {
      "package.json": { type: "module" },
      "tsconfig.json": compilerOptions({ experimentalDecorators }),
      "main.ts": decorated,
    };
    const folder = project(mode, files, types);
    const compiled = await node(folder, tsc, "-p", ".");
    assert.deepEqual(compiled, { code: 0, out: "", err: "" });
    const emitted = readFileSync(join(folder, "out/main.js"), "utf8");
    assert.match(emitted, experimentalDecorators ? /__decorate\(/ : /__esDecorate\(/);
    const out = JSON.stringify(["x,10,3", "y,,1", null, 5, "find"]);
    assert.deepEqual(await node(folder, "out/main.js"), { code: 0, out, err: "" });
  });
}
