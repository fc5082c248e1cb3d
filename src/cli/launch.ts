// How a daemon comes to life: the config, already read, is handed to a process that has no use for its readers.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Level } from "../kernel/log.ts";
import type { Resolved } from "../wiring/resolve.ts";
import { daemonEntry } from "./places.ts";

export interface Launch {
  readonly resolved: Resolved;
  /** The project folder, absolute. */
  readonly folder: string;
  /** Folder of journal, logs and sockets. */
  readonly stateFolder: string;
  readonly logLevel: Level;
  /** What is said at the start is JSON. */
  readonly json: boolean;
}

/** Secrets of the config stand in it: its folder is its user's alone, and it is gone once it is read. */
const launchFile = (stateFolder: string): string => join(stateFolder, "launch.json");

/**
 * Becomes the daemon: same process, same terminal, new program. Returns when it has ended, and only
 * where Node cannot replace a process (before 22.15).
 *
 * @throws JOURNAL_UNUSABLE
 */
export async function launch(what: Launch): Promise<void> {
  writeLaunch(what);
  become(what.stateFolder);
  const { runDaemon } = await import("./daemon.ts");
  await runDaemon(readLaunch(what.stateFolder));
}

/** Does not return, unless this Node cannot do it. */
export function become(stateFolder: string): void {
  // Not a function before Node 22.15.
  const { execve } = process as { readonly execve?: typeof process.execve };
  const args = [process.execPath, ...process.execArgv, daemonEntry, "--state", stateFolder];
  execve?.call(process, process.execPath, args, process.env);
}

/** @throws JOURNAL_UNUSABLE */
export function writeLaunch(what: Launch): void {
  try {
    writeFileSync(launchFile(what.stateFolder), JSON.stringify(what), { mode: 0o600 });
  } catch (error) {
    const message = `the state folder cannot be written: ${messageOf(error)}`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message, { cause: error });
  }
}

/** Takes the file away. @throws USAGE when nobody wrote it. */
export function readLaunch(stateFolder: string): Launch {
  const file = launchFile(stateFolder);
  try {
    const what = JSON.parse(readFileSync(file, "utf8")) as Launch;
    rmSync(file);
    return what;
  } catch (error) {
    throw new HomeostatError("USAGE", `expected a launch by \`homeostat up\`: ${messageOf(error)}`);
  }
}
