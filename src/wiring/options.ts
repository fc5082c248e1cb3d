// What a daemon is made from: config, folders, and time, chance and environment as parameters.
import type { Writable } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Resolved } from "./resolve.ts";
import type { Successor } from "./upgrade.ts";

export interface DaemonOptions {
  readonly resolved: Resolved;
  /** Folder of journal, logs and sockets; it also marks the processes of this project. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** The command line that runs the gateway, without its arguments. */
  readonly gatewayCommand: readonly string[];
  /** The command line that runs the spawner, without its arguments. */
  readonly spawnerCommand: readonly string[];
  /** Where `logs: { forward: [{ stdout: true }] }` goes to. */
  readonly stdout?: Writable;
  /** Folder of the built dashboard. */
  readonly dashboard: string;
  /** What this daemon becomes when it is told to hand over. */
  readonly successor: Successor;
  /** Something that must not happen has happened: the process should end and be started anew. */
  readonly onBroken: (error: unknown) => void;
}

/** What whoever runs the daemon wants to hear from it, not from what it runs. */
const ofDaemon = /^(NOTIFY_SOCKET|WATCHDOG_USEC|WATCHDOG_PID)$/;

/** Its variables that have a value, for what it runs. */
export function setOf(env: DaemonOptions["env"]): Readonly<Record<string, string>> {
  const pairs = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !ofDaemon.test(pair[0]),
  );
  return Object.fromEntries(pairs);
}
