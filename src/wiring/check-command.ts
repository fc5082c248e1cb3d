// Whether a service can be run at all: its folder and its program are there.
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { kindOf } from "./files.ts";
import type { Finding } from "./problem.ts";
import { type Raw, record } from "./raw.ts";
import { splitCommand } from "./resolve.ts";
import { type At, quote } from "./words.ts";

export interface Where {
  /** Folder of the project, absolute. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Place {
  /** Absent when the folder of the service is not there: then no program in it is looked for. */
  readonly cwd?: string;
  readonly paths: readonly string[];
}

export function checkCommand(service: Raw, at: At, where: Where): readonly Finding[] {
  const given = typeof service.cwd === "string" ? service.cwd : ".";
  const cwd = isAbsolute(given) ? given : join(where.folder, given);
  const kind = kindOf(cwd);
  const own = record(service.env).PATH;
  const path = typeof own === "string" ? own : (where.env.PATH ?? "");
  const place: Place = { paths: path.split(delimiter), ...(kind === "folder" ? { cwd } : {}) };
  const findings: Finding[] = [];
  if (kind !== "folder") {
    const got = kind === "file" ? `${quote(given)}, a file` : quote(given);
    findings.push({ at: [...at, "cwd"], expected: "a folder that exists", got });
  }
  const { command } = service;
  if (Array.isArray(command)) {
    findings.push(...checkProgram(command[0], [...at, "command", 0], place));
  } else if (typeof command === "string") {
    findings.push(...checkProgram(splitCommand(command)[0], [...at, "command"], place));
  }
  const { exec } = record(service.probe);
  if (Array.isArray(exec)) {
    findings.push(...checkProgram(exec[0], [...at, "probe", "exec", 0], place));
  }
  return findings;
}

function checkProgram(program: unknown, at: At, { cwd, paths }: Place): readonly Finding[] {
  if (typeof program !== "string" || (program === "" && at.at(-1) !== 0)) return [];
  if (program.includes("/")) {
    const path = isAbsolute(program) ? program : cwd === undefined ? undefined : join(cwd, program);
    const why = path === undefined ? undefined : whyNot(path);
    if (why === undefined) return [];
    return [{ at, expected: "a program that exists", got: `${quote(program)}${why}` }];
  }
  if (program !== "" && paths.some((folder) => whyNot(join(folder, program)) === undefined)) {
    return [];
  }
  const isThere = program !== "" && cwd !== undefined && kindOf(join(cwd, program)) === "file";
  const run = /\.[cm]?[jt]s$/.test(program) ? `node ${program}` : `./${program}`;
  const got = `${quote(program)}${isThere ? `, a file: write ${run}` : ""}`;
  return [{ at, expected: "a program found in PATH", got }];
}

/** Undefined for a file that may be executed; else what to add to its name. */
function whyNot(path: string): string | undefined {
  const kind = kindOf(path);
  if (kind === undefined) return "";
  if (kind === "folder") return ", a folder";
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    // The only reason left: the file is there and is no program.
    return ", which may not be executed: chmod +x";
  }
}
