// What the bench must know of another supervisor to run the same programs under it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { processesWith } from "./processes.ts";
import type { Scratch } from "./scratch.ts";

/** A program that is to be kept running. */
export interface Task {
  /** Letters, digits and "-". */
  readonly name: string;
  readonly command: readonly string[];
  /** Where it answers HTTP; a supervisor that can probe it is told to. */
  readonly probe?: number;
}

/** A supervisor that runs. */
export interface Standing {
  /** All its processes, without those that it runs. */
  own(): readonly number[];
  /** Asks it for the state of everything, as its users do. */
  status?(): Promise<void>;
  /** Ends everything that it runs, as its users do. */
  stopAll(): Promise<void>;
  /** What a kill -9 of the supervisor meets. */
  victims(): readonly number[];
  /** Starts it again after that, as its documentation says. */
  again(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** Undefined when it is not installed. */
  version(): Promise<string | undefined>;
  /** Settings are the fastest that it has; `folder` is its own. */
  start(scratch: Scratch, folder: string, tasks: readonly Task[]): Promise<Standing>;
}

const execute = promisify(execFile);

/** What a command printed. @throws when it fails or takes over `limitMs`. */
export async function told(
  file: string,
  args: readonly string[],
  { env = {}, limitMs = 60_000 }: { env?: Readonly<Record<string, string>>; limitMs?: number } = {},
): Promise<string> {
  const { stdout, stderr } = await execute(file, [...args], {
    env: { ...process.env, ...env },
    timeout: limitMs,
    killSignal: "SIGKILL",
    maxBuffer: 16_000_000,
  });
  return stdout + stderr;
}

/** Processes of the folder that are none of the programs which are run. */
export function ownIn(scratch: Scratch, folder: string): readonly number[] {
  return processesWith(folder)
    .filter(({ args }) => !isTask(scratch, args))
    .map(({ pid }) => pid);
}

/** pm2 writes all arguments of a process into one. */
function isTask({ server, app, reaper }: Scratch, args: readonly string[]): boolean {
  return (
    args[0] === server || args[0] === reaper || args.slice(0, 2).some((word) => word.includes(app))
  );
}

/** A command as a line for /bin/sh; nothing of ours needs more than quotes. */
export const shellLine = (command: readonly string[]): string =>
  command.map((word) => `'${word}'`).join(" ");
