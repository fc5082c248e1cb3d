// Finds the processes of a project again, by the marks in their environment.
import { statSync } from "node:fs";
import type { Target } from "../model/target.ts";
import { marks } from "./linux-prepare.ts";
import type { Found } from "./platform.ts";
import {
  isGone,
  type ProcessStat,
  readBootId,
  readEnvironment,
  readMachine,
  readPids,
  readProc,
  readStat,
  runs,
} from "./procfs.ts";

export type UidOf = (target: Target) => number | undefined;

/** Who is this old keeps its environment: what is started takes its own within moments. */
const settledMs = 10_000;
/** All environments are read anew each so many scans. */
const anewEvery = 12;

interface Known {
  /** Of its folder in /proc: whoever has this pid next has another one. */
  readonly inode: number;
  readonly startTicks: number;
  /** Undefined when it carries no marks of ours. */
  readonly marked: Marked | undefined;
}

interface Marked {
  readonly project: string;
  readonly found: Found;
}

/**
 * Reading an environment costs most of a scan, so that of old processes is remembered, and those that
 * are not of the project are not read at all. `uidOf` tells as whom an instance runs, when that is
 * not the user of this process.
 */
export function markedScanner(uidOf?: UidOf): (project: string) => readonly Found[] {
  let known = new Map<number, Known>();
  let scans = 0;
  return (project) => {
    const before = scans % anewEvery === 0 ? new Map<number, Known>() : known;
    scans += 1;
    known = new Map();
    const { ticksPerSecond } = readMachine();
    const settledTicks = uptimeTicks(ticksPerSecond) - (settledMs / 1_000) * ticksPerSecond;
    const all: Found[] = [];
    for (const pid of readPids()) {
      // Before all else of it: if the pid is given away meanwhile, the next scan sees that.
      const place = pid === process.pid ? undefined : placeOf(pid);
      if (!place) continue;
      const { inode, uid } = place;
      const old = before.get(pid);
      const same = old?.inode === inode ? old : undefined;
      if (same && same.marked?.project !== project) {
        known.set(pid, same);
        continue;
      }
      const stat = readStat(pid);
      if (!stat || !runs(stat)) continue;
      const { startTicks, group } = stat;
      const marked = same?.startTicks === startTicks ? same.marked : markedOf(stat, uid, uidOf);
      if (startTicks < settledTicks) known.set(pid, { inode, startTicks, marked });
      if (marked?.project !== project) continue;
      all.push({ ...marked.found, leader: group === pid, group });
    }
    return all;
  };
}

/** One look, at all environments. */
export function scanMarked(project: string): readonly Found[] {
  return markedScanner()(project);
}

function uptimeTicks(ticksPerSecond: number): number {
  const [seconds = "0"] = (readProc("/proc/uptime") ?? "").split(" ");
  return Number(seconds) * ticksPerSecond;
}

/** Another user's process could carry our mark to be taken for ours: it must be whom we named. */
function markedOf(stat: ProcessStat, uid: number, uidOf: UidOf | undefined): Marked | undefined {
  const mine = uid === process.getuid?.();
  if (!mine && !uidOf) return undefined;
  const marked = foundIn(stat);
  return marked && (mine || uid === uidOf?.(marked.found.target)) ? marked : undefined;
}

function foundIn(stat: ProcessStat): Marked | undefined {
  const environment = readEnvironment(stat.pid);
  const target = environment?.[marks.instance];
  const project = environment?.[marks.project];
  if (!environment || !target || project === undefined) return undefined;
  const port = Number(environment.PORT);
  const identity = { pid: stat.pid, startTicks: stat.startTicks, bootId: readBootId() };
  const { group } = stat;
  const leader = group === stat.pid;
  const found = { target, run: environment[marks.run] ?? "", identity, leader, group };
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  return { project, found: isPort ? { ...found, port } : found };
}

function placeOf(pid: number): { readonly inode: number; readonly uid: number } | undefined {
  try {
    const { ino: inode, uid } = statSync(`/proc/${pid}`);
    return { inode, uid };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
