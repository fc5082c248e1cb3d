// How a daemon comes to life: the config, already read, is handed to a process that has no use for its readers.
import { accessSync, constants, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Level } from "../kernel/log.ts";
import type { Resolved } from "../wiring/resolve.ts";
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
  /** The command line of `homeostat up`. */
  readonly up?: readonly string[];
  /** What is said at the start is JSON. */
  readonly json: boolean;
  /** The daemon's command line, of the version that wrote this. */
  readonly command: readonly string[];
}

const setMark = "a set of";

/** Secrets of the config stand in it: its folder is its user's alone, and it is gone once it is read. */
const launchFile = (stateFolder: string): string => join(stateFolder, "launch.json");

/**
 * Young objects of a daemon live for one look at its services: more room for them than 2 MiB costs
 * 8 MB of memory with 100 services, and saves no CPU time.
 */
const youngSpace = "--max-semi-space-size=2";

/** The options of Node that this process was given by whoever started it. */
export function inherited(): readonly string[] {
  return process.execArgv.filter((option) => option !== youngSpace);
}

/** Whether this Node can replace a process by another program. */
export function canBecome(): boolean {
  return typeof process.execve === "function";
}

/** Does not return. A program that cannot be run ends this process: see {@link checkLaunch}. */
export function become(stateFolder: string): void {
  const [file = "", ...rest] = peekLaunch(stateFolder).command;
  process.execve?.(file, [file, ...rest], process.env);
}

/** @throws USAGE when nobody wrote a launch, or its program is not there. */
export function checkLaunch(stateFolder: string): void {
  if (!canBecome()) {
    const message = `expected Node from 22.15 on, got ${process.version}`;
    throw new HomeostatError("USAGE", message);
  }
  const [file = "", ...rest] = peekLaunch(stateFolder).command;
  const entry = rest.find((word) => isAbsolute(word)) ?? "";
  try {
    accessSync(file, constants.X_OK);
    accessSync(entry, constants.R_OK);
  } catch (error) {
    throw new HomeostatError("USAGE", `the next version cannot be run: ${messageOf(error)}`);
  }
}

/** @throws JOURNAL_UNUSABLE */
export function writeLaunch(what: Omit<Launch, "command">): void {
  const { stateFolder } = what;
  const node = [process.execPath, ...inherited(), youngSpace];
  const command = [...node, daemonEntry, "--state", stateFolder];
  try {
    writeFileSync(launchFile(stateFolder), JSON.stringify({ ...what, command }, written), {
      mode: 0o600,
    });
  } catch (error) {
    const message = `the state folder cannot be written: ${messageOf(error)}`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message, { cause: error });
  }
}

/** Takes the file away. @throws USAGE when nobody wrote it. */
export function readLaunch(stateFolder: string): Launch {
  const what = peekLaunch(stateFolder);
  rmSync(launchFile(stateFolder), { force: true });
  return what;
}

/** @throws USAGE */
function peekLaunch(stateFolder: string): Launch {
  try {
    return JSON.parse(readFileSync(launchFile(stateFolder), "utf8"), read) as Launch;
  } catch (error) {
    throw new HomeostatError("USAGE", `expected a launch by \`homeostat up\`: ${messageOf(error)}`);
  }
}

/** The days of a schedule are a set, which JSON does not know. */
function written(_: string, value: unknown): unknown {
  return value instanceof Set ? { [setMark]: [...value] } : value;
}

function read(_: string, value: unknown): unknown {
  const isSet = typeof value === "object" && value !== null && setMark in value;
  return isSet ? new Set((value as { readonly [setMark]: readonly unknown[] })[setMark]) : value;
}
