// The platform of one Linux machine: processes started by spawn, looked at through /proc.
import { readdirSync, statSync } from "node:fs";
import type { ProcessIdentity } from "../model/instance.ts";
import { isOurs } from "../model/target.ts";
import { entering } from "./linux-cgroup.ts";
import { trackEnds } from "./linux-ends.ts";
import { groupAlive, isAlive, leaderOf, signalGroup, signalProcess } from "./linux-group.ts";
import { scanMarked, type UidOf } from "./linux-scan.ts";
import { spawnMarked } from "./linux-spawn.ts";
import type { Figures, Platform } from "./platform.ts";
import { isGone, readBootId, readMachine, readProc, runs } from "./procfs.ts";
import type { Spawner } from "./spawner/spawner.ts";

export interface LinuxOptions {
  readonly spawner?: Spawner;
  /** As whom an instance runs, when that is not the user of this process. */
  readonly uidOf?: UidOf;
}

/**
 * Processes are found again by the marks in their environment, so one that overwrites its
 * environment (a process title longer than its arguments, as PostgreSQL's) or was started with a
 * cleared one is missed by `scan`. A grandchild that leads a group of its own is found as a leader,
 * too. Descriptors that this process itself was given beyond the first three are passed on: Node
 * cannot close them. Waiting for an end never keeps this process alive by itself.
 */
export function linuxPlatform({ spawner, uidOf }: LinuxOptions = {}): Platform {
  const ends = trackEnds();
  return {
    name: "linux",
    get bootId() {
      return readBootId();
    },
    start: async (asked) => {
      const spec = entering(asked);
      const held = isOurs(spec.target) ? undefined : await spawner?.start(spec);
      if (held) return held;
      const { identity, child } = await spawnMarked(spec);
      ends.follow(identity, child);
      return identity;
    },
    ended: (identity) => {
      return ends.own(identity) ?? spawner?.ended(identity) ?? ends.ended(identity);
    },
    endOf: (identity) => spawner?.endOf(identity),
    acknowledge: (identity) => spawner?.acknowledge(identity),
    alive: isAlive,
    signal: signalProcess,
    signalGroup,
    groupAlive,
    scan: (project) => {
      const found = scanMarked(project, uidOf);
      // Who has overwritten its environment, and who has ended and was not told yet.
      const held = spawner?.held(project) ?? [];
      const pids = new Set(found.map(({ identity }) => identity.pid));
      return [...found, ...held.filter(({ identity }) => !pids.has(identity.pid))];
    },
    figures,
  };
}

/** Undefined when it has ended. */
function figures(identity: ProcessIdentity): Figures | undefined {
  const stat = leaderOf(identity);
  const memory = readProc(`/proc/${identity.pid}/statm`);
  if (!stat || !runs(stat) || memory === undefined) return undefined;
  const fds = orGone(() => countFds(identity.pid));
  if (fds === undefined) return undefined;
  const { pageBytes, ticksPerSecond } = readMachine();
  return {
    cpuMs: (stat.cpuTicks * 1_000) / ticksPerSecond,
    rssBytes: Number(memory.split(" ")[1]) * pageBytes,
    threads: stat.threads,
    fds,
  };
}

/** Since Linux 6.2 the folder's size is the number, which spares reading thousands of names. */
function countFds(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return statSync(folder).size || readdirSync(folder).length;
}

function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
