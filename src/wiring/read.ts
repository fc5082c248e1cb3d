// Reads a config file, whatever its language, into a value; what cannot be read is told with its line.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { plain, redact } from "../kernel/redact.ts";
import { fileBytesMax, textOf } from "./files.ts";
import { readJson } from "./json.ts";
import { configUnreadable } from "./problem.ts";
import { quote, said } from "./words.ts";

/** A config that computes is welcome; one that waits for the network is not. */
const loadMs = 10_000;

const endings = /\.(?:(?<code>[cm]?[jt]s)|(?<json>json)|(?<yaml>ya?ml))$/;

/** In a box, so that a config which is a promise is not waited for unseen. */
export interface Given {
  readonly value: unknown;
}

/** @throws CONFIG_UNREADABLE with the line of what is wrong. */
export async function readConfig(path: string, clock: Clock): Promise<Given> {
  const { code, json, yaml } = endings.exec(path)?.groups ?? {};
  if (code !== undefined) return readModule(path, clock);
  const label = basename(path);
  if (json === undefined && yaml === undefined) {
    throw unreadable(
      label,
      "a name that ends in .ts, .js, .mjs, .yaml, .yml or .json",
      quote(label),
    );
  }
  if (json !== undefined) return { value: readJsonFile(path) };
  const { readYaml } = await import("./yaml.ts");
  return { value: readYaml(read(path), label) };
}

/** @throws CONFIG_UNREADABLE with line and column. */
export function readJsonFile(path: string): unknown {
  const label = basename(path);
  const found = readJson(read(path));
  if (found.ok) return found.value;
  const { line, column, expected, got } = found.fault;
  throw unreadable(`${label}:${line}:${column}`, expected, got);
}

function read(path: string): string {
  const label = basename(path);
  let text: string | undefined;
  try {
    text = textOf(path);
  } catch (error) {
    throw unreadable(label, "a file that can be read", messageOf(error), error);
  }
  if (text === undefined) throw unreadable(label, `at most ${fileBytesMax} bytes`, "more");
  return text;
}

function unreadable(path: string, expected: string, got: string, cause?: unknown): Error {
  return configUnreadable([{ path, expected, got }], cause);
}

async function readModule(path: string, clock: Clock): Promise<Given> {
  const label = basename(path);
  const timer = new AbortController();
  const late = clock.sleep(loadMs, timer.signal).then(
    () => "late" as const,
    () => "late" as const,
  );
  const loaded = import(pathToFileURL(path).href) as Promise<{ readonly default?: unknown }>;
  let module: { readonly default?: unknown } | "late";
  try {
    module = await Promise.race([loaded, late]);
  } catch (error) {
    throw failure(error, path);
  } finally {
    timer.abort();
  }
  if (module === "late") {
    const got = "an await that does not end";
    throw unreadable(label, `to be loaded within ${loadMs / 1_000} s`, got);
  }
  // A file without any export counts as CommonJS, whose default is an empty record.
  const isBare = "module.exports" in module && Object.keys(Object(module.default)).length === 0;
  // It is refused, so nobody will wait for it; that it fails too must not end the process.
  if (module.default instanceof Promise) module.default.catch(() => {});
  if (module.default !== undefined && !isBare) return { value: module.default };
  const names = isBare ? [] : Object.keys(module).slice(0, 3);
  const got = names.length === 0 ? "no export" : `exports named ${names.join(", ")} only`;
  throw unreadable(label, '"export default defineConfig({ … })"', got);
}

/** What `import` threw, as a place and a sentence. */
function failure(error: unknown, path: string): Error {
  const told = (at: string, expected: string, got: string): Error =>
    unreadable(at, expected, redact(plain(got)).trim(), error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const text = said(error);
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
    const expected = "a Node that reads TypeScript, 22.18 or later";
    return told(basename(path), expected, `${process.version}: update it, or write .mjs or .yaml`);
  }
  if (code === "ERR_MODULE_NOT_FOUND") {
    const [, what = "", name = "", from = path] =
      /^Cannot find (package|module) '([^']+)'(?: imported from (.+))?$/.exec(text) ?? [];
    const install = what === "package" ? `: npm install ${name}` : "";
    const missing = what === "package" ? name : `./${relative(dirname(path), name)}`;
    const at = `${short(from, path)}${lineWith(from, what === "package" ? name : basename(name))}`;
    return told(at, `the ${what} ${quote(missing)} that it imports`, `none${install}`);
  }
  const at = placeOf(error, path);
  if (!(error instanceof SyntaxError)) {
    const name = error instanceof Error ? "an error" : "something thrown";
    return told(at, "code that runs", `${name}: ${text === "" ? "without a message" : text}`);
  }
  const unexpected = /^Unexpected token `(.+?)`\. Expected (.+)$/.exec(text);
  const split = unexpected ?? /^Expected (.+?), got '?(.+?)'?$/.exec(text);
  if (!split) return told(at, "code that can be parsed", `an error: ${text}`);
  const [, one = "", two = ""] = split;
  const [expected, got] = unexpected ? [two, one] : [one, two];
  const words = expected.replace(/^identifier/, "a name");
  return told(at, words, got === "<eof>" ? "the end of the file" : `"${got}"`);
}

/** "homeostat.config.ts:12", or the file it imports: the first place that the stack names. */
function placeOf(error: unknown, path: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const match = /(?:^|\(|at )(file:\/\/[^\s)]+?|\/[^\n:]+?):(\d+)(?::\d+)?(?=\n|\)|$)/m.exec(stack);
  const [, file = "", line = ""] = match ?? [];
  if (file.startsWith("file://")) return `${short(fileURLToPath(file), path)}:${line}`;
  return file === "" ? `${basename(path)}${syntaxLine(path)}` : `${short(file, path)}:${line}`;
}

function short(file: string, path: string): string {
  return relative(dirname(path), file) || basename(path);
}

/** ":3" for JavaScript that cannot be parsed: its error names no line, that of the stripper does. */
function syntaxLine(path: string): string {
  try {
    stripTypeScriptTypes(readFileSync(path, "utf8"));
    return "";
  } catch (error) {
    const line = /^[^\n]*:(\d+)\n/.exec(error instanceof Error ? (error.stack ?? "") : "")?.[1];
    return line === undefined ? "" : `:${line}`;
  }
}

/** ":3" when a line of the file holds `text`. */
function lineWith(file: string, text: string): string {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const i = lines.findIndex((line) => line.includes(text));
    return i < 0 ? "" : `:${i + 1}`;
  } catch {
    // The importer cannot be read any more; its name has to do.
    return "";
  }
}
