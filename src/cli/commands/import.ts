// `homeostat import`: turns the files of pm2, Foreman and supervisord into a homeostat.yaml.
import { existsSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { fileBytesMax } from "../../wiring/files.ts";
import type { Problem } from "../../wiring/problem.ts";
import { either, nearest, quote } from "../../wiring/words.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import type { Imported } from "../import/draft.ts";
import { readIni } from "../import/ini.ts";
import { importPm2 } from "../import/pm2.ts";
import { readPm2 } from "../import/pm2-read.ts";
import { importProcfile } from "../import/procfile.ts";
import { proven } from "../import/proven.ts";
import { importSupervisord } from "../import/supervisord.ts";
import { yamlOf } from "../import/text.ts";
import { paint, say, sayJson } from "../print.ts";

export interface ImportOptions extends GlobalOptions {
  readonly out?: string;
  readonly print?: boolean;
  readonly force?: boolean;
  /** Which env_NAME of a pm2 file. */
  readonly env?: string;
}

interface Source {
  /** Absolute. */
  readonly path: string;
  /** Absolute; what the file means by its relative paths. */
  readonly folder: string;
  /** That of the config, absolute. */
  readonly project: string;
  /** `folder` as seen from the project folder; undefined when it is that. */
  readonly cwd: string | undefined;
}

type Read = (source: Source, options: ImportOptions) => Imported | Promise<Imported>;

const readers: Readonly<Record<string, Read>> = {
  pm2: async ({ path, cwd }, { env }) => {
    const around = { env, folder: cwd, processors: availableParallelism() };
    const imported = importPm2(await readPm2(path), around);
    if (imported) return imported;
    throw usage(`${path}: expected apps, such as { apps: [{ script: "web.js" }] }, got none`);
  },
  procfile: ({ path, folder, cwd }) =>
    importProcfile(textOf(path), { hasEnv: existsSync(join(folder, ".env")), cwd }),
  supervisord: ({ path, folder, project }) => {
    const more = included(textOf(path), folder);
    const around = { here: folder, host: hostname(), env: process.env };
    const { drafts, notes } = importSupervisord(
      readIni([textOf(path), ...more.texts].join("\n")),
      around,
    );
    for (const { settings } of drafts) {
      const own = settings.cwd === undefined ? folder : resolve(folder, String(settings.cwd));
      const seen = relative(project, own);
      if (seen === "") delete settings.cwd;
      else settings.cwd = seen.startsWith("..") ? own : seen;
    }
    return { drafts, notes: [...notes, ...more.notes] };
  },
};

const kinds = Object.keys(readers);

/** Exits 78 when something is left to be mended by hand: the text is there all the same. */
export async function importFile(
  kind: string,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  if (!read) {
    const near = nearest(kind, kinds);
    const expected = near === undefined ? either(kinds) : quote(near);
    throw usage(`import: expected ${expected}, got ${quote(kind)}`);
  }
  const { folder } = whereIs(options);
  const source = sourceOf(file, folder);
  const imported = await read(source, options);
  if (imported.drafts.length === 0) {
    throw usage(`${source.path}: expected something to run, got nothing that ${kind} would run`);
  }
  const { problems, refused } = await proven(imported, folder);
  const head = [`Made by \`homeostat import ${kind}\` from ${relative(folder, source.path)}.`];
  const text = yamlOf(imported, head, refused);
  const made = { imported, problems, refused: refused.length };
  if (options.print) process.stdout.write(text);
  else {
    const out = join(folder, options.out ?? "homeostat.yaml");
    write(out, text, folder, options.force === true);
    tell(out, made, options.json === true);
  }
  if (problems.length > 0) process.exitCode = 78;
}

function sourceOf(file: string, folder: string): Source {
  const path = resolve(file);
  if (!existsSync(path)) throw usage(`import: expected a file, got ${path}, which is not there`);
  const own = dirname(path);
  const cwd = relative(folder, own);
  return { path, folder: own, project: folder, cwd: cwd === "" ? undefined : cwd };
}

function textOf(path: string): string {
  if (statSync(path).size > fileBytesMax) throw usage(`${path}: expected at most 1 MiB, got more`);
  return readFileSync(path, "utf8");
}

const includedMax = 200;

/** The files that `[include]` names, as the shell would find them. */
function included(
  text: string,
  folder: string,
): { readonly texts: readonly string[]; readonly notes: readonly string[] } {
  const { sections } = readIni(text);
  const section = sections.find(({ name }) => name === "include");
  const patterns = section?.entries.get("files")?.trim().split(/\s+/) ?? [];
  const texts: string[] = [];
  const notes: string[] = [];
  for (const pattern of patterns) {
    const files = globSync(resolve(folder, pattern.replaceAll("%(here)s", folder))).toSorted();
    if (files.length === 0) notes.push(`[include] files=${pattern} are not there`);
    for (const file of files) {
      if (texts.length < includedMax) texts.push(textOf(file));
      else notes.push(`[include] ${file} is not read: more than ${includedMax} files`);
    }
  }
  return { texts, notes };
}

interface Made {
  readonly imported: Imported;
  readonly problems: readonly Problem[];
  readonly refused: number;
}

function tell(out: string, { imported, problems, refused }: Made, asJson: boolean): void {
  const { drafts, notes } = imported;
  const count = notes.length + refused + drafts.reduce((sum, draft) => sum + draft.notes.length, 0);
  if (asJson) {
    const services = drafts.map(({ name }) => name);
    return void sayJson({ file: out, services, notes: count, problems });
  }
  const what = drafts.length === 1 ? "1 service" : `${drafts.length} services`;
  say(`${paint("good", "wrote")} ${out}: ${what} (${drafts.map(({ name }) => name).join(", ")})`);
  if (count > 0) {
    const them = count === 1 ? "1 remark stands" : `${count} remarks stand`;
    say(`${them} in it as comments: what was called otherwise, or has no counterpart.`);
  }
  if (problems.length === 0) say(`Next: ${paint("bold", "homeostat up")}`);
  else say(`\n${paint("warn", "To be mended by hand before it runs:")}`);
  for (const { path, expected, got } of problems)
    say(`  ${path}: expected ${expected}, got ${got}`);
}

/** @throws USAGE when a config is there already */
function write(out: string, text: string, folder: string, force: boolean): void {
  const there = readdirSync(folder).find((name) =>
    /^homeostat(\.config)?\.(ts|m?js|ya?ml|json)$/.test(name),
  );
  if (existsSync(out) && !force) throw usage(`${out}: there already; --force writes over it`);
  if (there !== undefined && join(folder, there) !== out && !force) {
    throw usage(`${there} is the config of ${folder} already; --print shows the text only`);
  }
  try {
    writeFileSync(out, text);
  } catch (error) {
    throw usage(`${out} cannot be written: ${messageOf(error)}`);
  }
}

function usage(message: string): HomeostatError {
  return new HomeostatError("USAGE", message);
}
