// Builds the package into dist/: rolldown joins the files that start together, tsc writes the types.
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type Plugin, rolldown } from "rolldown";
import { buildDashboard } from "./dashboard.ts";
import { root, run } from "./run.ts";

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly source: string }>>;
}

const limitMs = 180_000;

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** What is exported or started: the daemon starts gateway and spawner as processes of their own. */
const entries: readonly string[] = [
  ...Object.values(manifest.exports).flatMap((one) => (typeof one === "string" ? [] : one.source)),
  "src/cli/main.ts",
  "src/cli/daemon-main.ts",
  "src/gateway/main.ts",
  "src/platforms/spawner/main.ts",
];

/** Of all sources, with their names: times of files are alike in reproducible images. */
function sourceMark(): string {
  const hash = createHash("sha256");
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts")).toSorted()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, "src", file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** The version as a word of the code: a user's bundler would not find the manifest again. */
const versionAsText: Plugin = {
  name: "version",
  load: (id) =>
    id === join(root, "src/kernel/version.ts")
      ? `export const version = ${JSON.stringify(manifest.version)}; export const build = ${JSON.stringify(sourceMark())};`
      : undefined,
};

/** What several entries need, each floor in a file of its own: a few files load faster than many. */
const shared = [
  // What the daemon has in common with the app and the policies: all of these would take it 6 ms to load.
  { name: "outage", test: /\/src\/runtime\/outside\/outage\.ts$/, minShareCount: 2, priority: 1 },
  {
    name: "policies-common",
    test: /\/src\/policies\/(?:options|retry\/backoff|limit\/sliding-window)\.ts$/,
    minShareCount: 2,
    priority: 1,
  },
  { name: "kernel", test: /\/src\/kernel\//, minShareCount: 2 },
  { name: "protocol", test: /\/src\/(?:model|protocol)\//, minShareCount: 2 },
  { name: "policies", test: /\/src\/policies\//, minShareCount: 2 },
  { name: "app", test: /\/src\/runtime\//, minShareCount: 2 },
];

/** One letter beyond ASCII, and Node reads the whole file into two bytes for each of its letters. */
const ascii: Plugin = {
  name: "ascii",
  generateBundle: (_options, bundle) => {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped);
    }
  },
};

/**
 * An `import` of a built-in module reads all its exports, and some of those load more: `node:http`
 * brings all of `fetch`, 14 MB and 20 ms. Asked for by name it brings what is used.
 */
const lightBuiltins: Plugin = {
  name: "light builtins",
  generateBundle: (_options, bundle) => {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = file.code.replaceAll(builtinImport, lightImport);
    }
  },
};

const builtinImport = /^import \{ ([^}]*) \} from "(node:[\w/]+)";$/gm;

/** Takes 4 ms to load, and a start hardly needs it: its functions load it when they are called. A class cannot. */
const late = "node:crypto";

function lightImport(_: string, names: string, module: string): string {
  const hasClass = /\b[A-Z]/.test(names);
  if (module === late && !hasClass) return names.split(", ").map(lateImport).join("\n");
  return `const { ${names.replaceAll(" as ", ": ")} } = process.getBuiltinModule("${module}");`;
}

function lateImport(one: string): string {
  const [name = "", as = name] = one.split(" as ");
  return `const ${as} = (...given) => process.getBuiltinModule("${late}").${name}(...given);`;
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Some 250 small files cost an app ten times as long to load as the few that they are joined into
 * here. What two entries need stands once, in `shared/`: nothing has two copies in one process.
 */
export async function bundle(out: string): Promise<void> {
  const joined = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((path) => [nameOf(path), path])),
    platform: "node",
    resolve: { conditionNames: ["source"] },
    // Packages stay imports: they are installed with this one.
    external: (id) => !/^[./]/.test(id),
    plugins: [versionAsText, ascii, lightBuiltins],
  });
  await joined.write({
    dir: out,
    format: "esm",
    chunkFileNames: "shared/[name].js",
    sourcemap: true,
    comments: false,
    codeSplitting: { groups: shared },
  });
  await joined.close();
  chmodSync(join(out, "cli/main.js"), 0o755);
}

/** `src/policies/index.ts` is `policies/index` in the build: there its types are looked for. */
function nameOf(path: string): string {
  return relative("src", path).replace(/\.ts$/, "");
}

/** Rejects with what tsc wrote when the types do not fit. */
async function declare(out: string): Promise<void> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--outDir", out];
  const ended = await run(process.execPath, [tsc, ...args], { keep: true, limitMs });
  if (ended.code !== 0) throw new Error(`the types were not built:\n${ended.output}`);
}

/** Everything that is published, but for the dashboard. */
export async function buildPackage(out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  await Promise.all([declare(out), bundle(out)]);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  await buildPackage(values.out ?? join(root, "dist"));
  if (values.out === undefined) await buildDashboard();
}
