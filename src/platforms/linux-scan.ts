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
  readProc,
  readProcesses,
  runs,
} from "./procfs.ts";

export type UidOf = (target: Target) => number | undefined;

/** Who is this old keeps its environment: what is started takes its own within moments. */
const settledMs = 10_000;
/** All environments are read anew each so many scans. */
const anewEvery = 12;

interface Known {
  readonly startTicks: number;
  /** Undefined when it carries no marks of ours. */
  readonly marked: Marked | undefined;
}

interface Marked {
  readonly project: string;
  readonly found: Found;
}

/**
 * Reading an environment costs most of a scan, so that of old processes is remembered. `uidOf` tells
 * as whom an instance runs, when that is not the user of this process.
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
    for (const stat of readProcesses()) {
      if (!runs(stat) || stat.pid === process.pid) continue;
      const old = before.get(stat.pid);
      const marked = old?.startTicks === stat.startTicks ? old.marked : markedOf(stat, uidOf);
      if (stat.startTicks < settledTicks) {
        known.set(stat.pid, { startTicks: stat.startTicks, marked });
      }
      if (marked?.project !== project) continue;
      all.push({ ...marked.found, leader: stat.group === stat.pid, group: stat.group });
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

function markedOf(stat: ProcessStat, uidOf: UidOf | undefined): Marked | undefined {
  const uid = ownerOf(stat.pid);
  const mine = uid === process.getuid?.();
  if (uid === undefined || !(mine || uidOf)) return undefined;
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

/** Another user's process could carry our mark to be taken for ours: it must be whom we named. */
function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
