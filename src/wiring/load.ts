// Finds and reads the config file: TypeScript, JavaScript, YAML or JSON, or a plain package.json.
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseDocument } from "yaml";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { crossCheck } from "./check.ts";
import type { Config } from "./config.ts";
import { configInvalid, type Problem, toProblems } from "./problem.ts";
import { type Resolved, resolve } from "./resolve.ts";
import { configSchema } from "./schema.ts";

const names = [
  "homeostat.config.ts",
  "homeostat.config.js",
  "homeostat.config.mjs",
  "homeostat.yaml",
  "homeostat.yml",
  "homeostat.json",
];

export interface LoadOptions {
  /** The project folder, absolute. */
  readonly folder: string;
  /** A file that is named instead of searched for. */
  readonly file?: string;
  /** The environment: PATH is searched for commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** More that may be wrong, such as ports in use; told together with the rest. */
  readonly alsoCheck?: (config: unknown) => Promise<readonly Problem[]>;
}

/**
 * @throws CONFIG_MISSING, CONFIG_UNREADABLE, or CONFIG_INVALID with every problem in its details.
 */
export async function loadConfig(options: LoadOptions): Promise<Resolved> {
  const { folder } = options;
  const found = find(options);
  const raw = found.config ?? (await read(found.path));
  const label = basename(found.path);
  const parsed = configSchema.safeParse(raw);
  const shape = parsed.success ? [] : toProblems(parsed.error.issues, raw);
  const more = isObject(raw) ? ((await options.alsoCheck?.(raw)) ?? []) : [];
  const problems = [...shape, ...crossCheck(raw, options), ...more].filter(
    (problem, i, all) => all.findIndex((other) => other.path === problem.path) === i,
  );
  if (problems.length > 0 || !parsed.success) throw configInvalid(label, problems);
  return resolve(parsed.data, { folder, file: label });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

interface Source {
  readonly path: string;
  readonly config?: Config;
}

function find({ folder, file }: LoadOptions): Source {
  if (file !== undefined) {
    const path = isAbsolute(file) ? file : join(folder, file);
    if (!existsSync(path) || !statSync(path).isFile()) {
      throw new HomeostatError("CONFIG_MISSING", `--config: expected a file, got ${file}`);
    }
    return { path };
  }
  if (!existsSync(folder)) {
    throw new HomeostatError("CONFIG_MISSING", `expected a folder, got ${folder}`);
  }
  const name = names.find((other) => existsSync(join(folder, other)));
  if (name !== undefined) return { path: join(folder, name) };
  const config = fromPackage(folder);
  if (config) return { path: join(folder, "package.json"), config };
  const wanted = `${names[0]}, ${names[3]} or a package.json with a start script`;
  throw new HomeostatError("CONFIG_MISSING", `${folder}: expected ${wanted}, got none of them`);
}

/** A folder that npm can start needs no config: one service, watched on the port it listens on. */
function fromPackage(folder: string): Config | undefined {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return undefined;
  const manifest = parseJson(readFileSync(path, "utf8"), "package.json") as {
    readonly scripts?: Readonly<Record<string, unknown>>;
  } | null;
  if (typeof manifest?.scripts?.start !== "string") return undefined;
  return { services: { app: { command: ["npm", "start"], port: 3000, probe: { tcp: true } } } };
}

async function read(path: string): Promise<unknown> {
  if (/\.(ts|js|mjs)$/.test(path)) return readModule(path);
  const text = readFileSync(path, "utf8");
  return path.endsWith(".json") ? parseJson(text, basename(path)) : parseYaml(text, basename(path));
}

async function readModule(path: string): Promise<unknown> {
  const label = basename(path);
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (error) {
    const where = lineOf(error, path);
    const message = `${label}${where}: ${messageOf(error)}`;
    throw new HomeostatError("CONFIG_UNREADABLE", message, { cause: error });
  }
  if (module.default === undefined) {
    const message = `${label}: expected "export default defineConfig({ … })", got no default export`;
    throw new HomeostatError("CONFIG_UNREADABLE", message);
  }
  return module.default;
}

/** ":12" when the error's stack names a line of the file. */
function lineOf(error: unknown, path: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const at = stack.indexOf(path);
  const match = at < 0 ? null : /^:(\d+)/.exec(stack.slice(at + path.length));
  return match ? `:${match[1]}` : "";
}

function parseJson(text: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HomeostatError("CONFIG_UNREADABLE", `${label}: ${messageOf(error)}`);
  }
}

function parseYaml(text: string, label: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) {
    const lines = document.errors.map((error) => {
      const line = error.linePos?.[0];
      const where = line ? `${label}:${line.line}:${line.col}` : label;
      return `${where}: ${error.message.split("\n")[0]?.replace(/ at line .*$/, "")}`;
    });
    throw new HomeostatError("CONFIG_UNREADABLE", lines.join("\n"));
  }
  return document.toJS();
}
