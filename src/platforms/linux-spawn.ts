// Starts a process that outlives this one: own session, own log file, marked environment.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import { prepare } from "./linux-prepare.ts";
import type { HeldSockets, Opened } from "./linux-sockets.ts";
import type { StartSpec } from "./platform.ts";
import { readBootId, readStat } from "./procfs.ts";

export interface Started {
  readonly identity: ProcessIdentity;
  readonly child: ChildProcess;
}

/** `held` has the sockets of `spec`, if it wants some. @throws SPAWN_FAILED with the system's reason. */
export async function spawnMarked(spec: StartSpec, held?: HeldSockets): Promise<Started> {
  const opened = spec.sockets && held ? await held.open(spec) : [];
  const log = openLog(spec);
  try {
    const child = spawnInto(spec, log, opened);
    const { pid } = child;
    // The event comes once the error is known; without a pid it is certain to come.
    const failed = new Promise<unknown>((settle) => child.once("error", settle));
    if (pid === undefined) throw failure(spec, await failed);
    child.unref();
    return { identity: identify(spec, pid), child };
  } finally {
    closeSync(log);
  }
}

/**
 * The child cannot have left /proc here: Node reaps children in its event loop, and no turn of it
 * has passed since the spawn, so one that has ended already is still a zombie with all its fields.
 */
function identify(spec: StartSpec, pid: number): ProcessIdentity {
  try {
    const stat = readStat(pid);
    if (stat) return { pid, startTicks: stat.startTicks, bootId: readBootId() };
  } catch (error) {
    kill(pid);
    throw failure(spec, error);
  }
  // What cannot be named cannot be found again after a crash of the daemon, so it must not run.
  kill(pid);
  throw new HomeostatError("SPAWN_FAILED", `${spec.target}: /proc/${pid}/stat cannot be read`);
}

function kill(pid: number): void {
  process.kill(-pid, "SIGKILL");
}

function openLog(spec: StartSpec): number {
  try {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    return openSync(spec.logFile, "a", 0o640);
  } catch (error) {
    const text = `${spec.target}: the log file cannot be opened: ${messageOf(error)}`;
    throw new HomeostatError("SPAWN_FAILED", text, { cause: error });
  }
}

function spawnInto(spec: StartSpec, log: number, opened: readonly Opened[]): ChildProcess {
  try {
    const { sockets: _, ...rest } = spec;
    const sockets = opened.map(({ socket }) => socket);
    const { file, args, ...how } = prepare(opened.length > 0 ? { ...rest, sockets } : rest);
    const stdio = ["ignore" as const, log, log, ...opened.map(({ fd }) => fd)];
    return spawn(file, args, { ...how, detached: true, stdio });
  } catch (error) {
    throw failure(spec, error);
  }
}

function failure(spec: StartSpec, error: unknown): HomeostatError {
  const text = `${spec.target}: ${inWords(spec, error)}`;
  return new HomeostatError("SPAWN_FAILED", text, { cause: error });
}

/** The system says ENOENT for three different things; a person needs to know which. */
function inWords(spec: StartSpec, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const file = spec.command[0] ?? "";
  if (!statSync(spec.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return `there is no folder ${spec.cwd} to run it in (${code})`;
  }
  if (file === "") return "the command is empty";
  const account = spec.settings?.account;
  switch (code) {
    case "EPERM":
      if (!account) return messageOf(error);
      return `it may not run as user ${account.uid} and group ${account.gid}: only root may change the user (EPERM)`;
    case "ENOENT":
      if (file.includes("/") && existsSync(resolve(spec.cwd, file))) {
        return `${file} is there, but the interpreter that its first line names is not (ENOENT)`;
      }
      return `there is no command ${JSON.stringify(file)} (ENOENT)`;
    case "EACCES":
      return `${JSON.stringify(file)} may not be executed, or ${spec.cwd} not entered (EACCES)`;
    case "EAGAIN":
      return "the limit of processes of this user or machine is reached (EAGAIN)";
    case "ENOMEM":
      return "there is no memory left to start it (ENOMEM)";
    case "EMFILE":
    case "ENFILE":
      return `no file descriptor is left to start it with (${code})`;
    case "E2BIG":
      return "its arguments and environment are larger than the system allows (E2BIG)";
    default:
      return messageOf(error);
  }
}
