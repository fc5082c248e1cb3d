// Whether a service can be run at all: its folder and its program are there.
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Powers } from "../platforms/powers.ts";
import { kindOf } from "./files.ts";
import { fill, namesIn, unfilled } from "./placeholders.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record } from "./raw.ts";
import { splitCommand } from "./resolve.ts";
import { type At, quote } from "./words.ts";

export interface Where {
  /** Folder of the project, absolute. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What processes may be given here; looked up when it is needed and not told. */
  readonly powers?: Powers;
}

interface Place {
  /** Absent when the folder of the service is not there: then no program in it is looked for. */
  readonly cwd?: string;
  readonly paths: readonly string[];
}

export function checkCommand(service: Raw, at: At, where: Where): readonly Finding[] {
  const given = cwdOf(service, String(at.at(-1)), where.folder);
  const cwd = isAbsolute(given) ? given : join(where.folder, given);
  const kind = kindOf(cwd);
  const own = record(service.env).PATH;
  const path = typeof own === "string" ? own : (where.env.PATH ?? "");
  const place: Place = { paths: path.split(delimiter), ...(kind === "folder" ? { cwd } : {}) };
  const findings: Finding[] = [];
  if (kind !== "folder" && !namesIn(given).includes("port")) {
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
  for (const [part, probe] of Object.entries(record(service.probes))) {
    const { exec } = record(probe);
    if (!Array.isArray(exec)) continue;
    findings.push(...checkProgram(exec[0], [...at, "probes", part, "exec", 0], place));
  }
  return findings;
}

/** That of the first instance whose folder is not there, or else of the first. */
function cwdOf(service: Raw, name: string, folder: string): string {
  const given = typeof service.cwd === "string" ? service.cwd : ".";
  const spares = Math.min(8, number(service.spares) ?? 0);
  const replicas = Math.min(64, Math.max(1, number(service.replicas) ?? 1)) + spares;
  const all = Array.from({ length: replicas }, (_, index) =>
    fill(given, { index, name, replicas }),
  );
  const missing = all.find((cwd) => kindOf(isAbsolute(cwd) ? cwd : join(folder, cwd)) !== "folder");
  return missing ?? all[0] ?? given;
}

function checkProgram(program: unknown, at: At, { cwd, paths }: Place): readonly Finding[] {
  if (typeof program !== "string" || (program === "" && at.at(-1) !== 0)) return [];
  if (unfilled(program) !== program) return [];
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
