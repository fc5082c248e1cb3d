// How a daemon comes to life: the config, already read, is handed to a process that has no use for its readers.
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Level } from "../kernel/log.ts";
import type { Resolved } from "../wiring/resolve.ts";
import { writeCompiled } from "./compiled.ts";
import type { LaunchOptions } from "./context.ts";
import { daemonEntry } from "./places.ts";

export interface Launch {
  readonly resolved: Resolved;
  /** The project folder, absolute. */
  readonly folder: string;
  /** Folder of journal, logs and sockets. */
  readonly stateFolder: string;
  readonly logLevel: Level;
  /** How the config was asked for: the next version asks the same. */
  readonly options: LaunchOptions;
  /** What is said at the start is JSON. */
  readonly json: boolean;
  /** The daemon's command line, of the version that wrote this. */
  readonly command: readonly string[];
  /** Whoever orders an upgrade names it: one that was left behind by somebody else is not run. */
  readonly nonce?: string;
}

const setMark = "a set of";

const fileName = "launch.json";
/** Secrets of the config stand in it: its folder is its user's alone, and it is gone once it is read. */
const launchFile = (stateFolder: string): string => join(stateFolder, fileName);

/**
 * Young objects of a daemon live for one look at its services: more room for them than 2 MiB costs
 * 8 MB of memory with 100 services, and saves no CPU time. Nor does the last of V8's compilers: a
 * simulated world and a daemon at rest take as long without it, and 2 MB less.
 */
const frugal: readonly string[] = ["--max-semi-space-size=2", "--no-opt"];
/** The spawner runs so little that it needs neither of them: 4 MB of RSS, 1 MB of it its own. */
export const spawnerOptions: readonly string[] = [...frugal, "--no-maglev"];

/** The options of Node that this process was given by whoever started it. */
export function inherited(): readonly string[] {
  return process.execArgv.filter((option) => !frugal.includes(option));
}

/** Whether this Node can replace a process by another program. */
export function canBecome(): boolean {
  return typeof process.execve === "function";
}

/** Does not return. A program that cannot be run ends this process: see {@link successorOf}. */
export function become({ command: [file = "", ...rest] }: Launch): void {
  writeCompiled();
  process.execve?.(file, [file, ...rest], process.env);
}

/**
 * The program that was written down last, ready to be become.
 * @throws USAGE when nobody wrote one, not whoever asks, or its program is not there.
 */
export function successorOf(stateFolder: string, nonce: string): () => void {
  if (!canBecome()) {
    const message = `expected Node from 22.15 on, got ${process.version}`;
    throw new HomeostatError("USAGE", message);
  }
  const what = peekLaunch(stateFolder);
  if (what.nonce === undefined || what.nonce !== nonce) {
    const got = nonce === "" ? "none" : "another one";
    const message = `nonce: expected the one of the launch that was written down last, got ${got}`;
    throw new HomeostatError("USAGE", `${message}; ask with \`homeostat upgrade\``);
  }
  const [file = "", ...rest] = what.command;
  const entry = rest.find((word) => isAbsolute(word)) ?? "";
  try {
    accessSync(file, constants.X_OK);
    accessSync(entry, constants.R_OK);
  } catch (error) {
    throw new HomeostatError("USAGE", `the next version cannot be run: ${messageOf(error)}`);
  }
  return () => {
    // Others may have written theirs meanwhile, or taken it away.
    write(what);
    become(what);
  };
}

/** @throws JOURNAL_UNUSABLE */
export function writeLaunch(given: Omit<Launch, "command">): Launch {
  const node = [process.execPath, ...inherited(), ...frugal];
  const what = { ...given, command: [...node, daemonEntry, "--state", given.stateFolder] };
  write(what);
  return what;
}

/** Takes back what was written and is not wanted any more, unless somebody else has written since. */
export function dropLaunch(stateFolder: string, nonce: string): void {
  try {
    if (peekLaunch(stateFolder).nonce !== nonce) return;
  } catch {
    // Nobody has, or it can be read by nobody: it is in the way either way.
  }
  rmSync(launchFile(stateFolder), { force: true });
}

/** What was being written by a process that is no more, and was never put in its place. */
function sweep(stateFolder: string): void {
  for (const name of readdirSync(stateFolder)) {
    const pid = name.startsWith(`${fileName}.`) ? name.slice(fileName.length + 1) : "";
    if (pid === "" || existsSync(`/proc/${pid}`)) continue;
    rmSync(join(stateFolder, name), { force: true });
  }
}

/** All of it or nothing. @throws JOURNAL_UNUSABLE */
function write(what: Launch): void {
  const file = launchFile(what.stateFolder);
  const aside = `${file}.${process.pid}`;
  try {
    writeFileSync(aside, JSON.stringify(what, written), { mode: 0o600 });
    renameSync(aside, file);
  } catch (error) {
    const message = `the state folder cannot be written: ${messageOf(error)}`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message, { cause: error });
  }
}

/** Takes the file away, and what others have left. @throws USAGE when nobody wrote it. */
export function readLaunch(stateFolder: string): Launch {
  const what = peekLaunch(stateFolder);
  rmSync(launchFile(stateFolder), { force: true });
  sweep(stateFolder);
  return what;
}

/** @throws USAGE */
function peekLaunch(stateFolder: string): Launch {
  try {
    return revived(JSON.parse(readFileSync(launchFile(stateFolder), "utf8"))) as Launch;
  } catch (error) {
    throw new HomeostatError("USAGE", `expected a launch by \`homeostat up\`: ${messageOf(error)}`);
  }
}

/** The days of a schedule are a set, which JSON does not know. */
function written(_: string, value: unknown): unknown {
  return value instanceof Set ? { [setMark]: [...value] } : value;
}

/** What {@link written} has made, back again; a reviver of `JSON.parse` takes ten times as long. */
function revived(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const of = (value as Readonly<Record<string, unknown>>)[setMark];
  if (Array.isArray(of) && Object.keys(value).length === 1) return new Set(of);
  for (const [key, it] of Object.entries(value)) {
    if (typeof it !== "object" || it === null) continue;
    const made = revived(it);
    if (made !== it) (value as Record<string, unknown>)[key] = made;
  }
  return value;
}
