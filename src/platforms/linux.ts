// The platform of one Linux machine: processes started by spawn, looked at through /proc.
import { readdirSync, statSync } from "node:fs";
import type { ProcessIdentity } from "../model/instance.ts";
import { trackEnds } from "./linux-ends.ts";
import { groupAlive, isAlive, leaderOf, signalGroup, signalProcess } from "./linux-group.ts";
import { marks, spawnMarked } from "./linux-spawn.ts";
import type { Figures, Found, Platform } from "./platform.ts";
import {
  isGone,
  type ProcessStat,
  readBootId,
  readEnvironment,
  readMachine,
  readProc,
  readProcesses,
  runs,
} from "./procfs.ts";

/**
 * Processes are found again by the marks in their environment, so one that overwrites its
 * environment (a process title longer than its arguments, as PostgreSQL's) or was started with a
 * cleared one is missed by `scan`. A grandchild that leads a group of its own is found as a leader,
 * too. Descriptors that this process itself was given beyond the first three are passed on: Node
 * cannot close them. Waiting for an end never keeps this process alive by itself.
 */
export function linuxPlatform(): Platform {
  const ends = trackEnds();
  return {
    name: "linux",
    get bootId() {
      return readBootId();
    },
    start: async (spec) => {
      const { identity, child } = await spawnMarked(spec);
      ends.follow(identity, child);
      return identity;
    },
    ended: ends.ended,
    alive: isAlive,
    signal: signalProcess,
    signalGroup,
    groupAlive,
    scan: (project) =>
      readProcesses()
        .filter((stat) => runs(stat) && stat.pid !== process.pid && isOwn(stat.pid))
        .flatMap((stat) => foundIn(stat, project)),
    figures,
  };
}

function foundIn(stat: ProcessStat, project: string): readonly Found[] {
  const environment = readEnvironment(stat.pid);
  const target = environment?.[marks.instance];
  if (!environment || !target || environment[marks.project] !== project) return [];
  const port = Number(environment.PORT);
  const identity = { pid: stat.pid, startTicks: stat.startTicks, bootId: readBootId() };
  const leader = stat.group === stat.pid;
  const found = { target, run: environment[marks.run] ?? "", identity, leader };
  return [Number.isInteger(port) && port > 0 && port < 65_536 ? { ...found, port } : found];
}

/** Another user's process could carry our mark to be taken for ours: it is not looked at. */
function isOwn(pid: number): boolean {
  return orGone(() => statSync(`/proc/${pid}`).uid) === process.getuid?.();
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
