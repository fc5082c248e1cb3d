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
  readProcesses,
  runs,
} from "./procfs.ts";

export type UidOf = (target: Target) => number | undefined;

/** `uidOf` tells as whom an instance runs, when that is not the user of this process. */
export function scanMarked(project: string, uidOf?: UidOf): readonly Found[] {
  return readProcesses()
    .filter((stat) => runs(stat) && stat.pid !== process.pid)
    .flatMap((stat) => {
      const uid = ownerOf(stat.pid);
      const mine = uid === process.getuid?.();
      if (uid === undefined || !(mine || uidOf)) return [];
      return foundIn(stat, project).filter(({ target }) => mine || uid === uidOf?.(target));
    });
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

/** Another user's process could carry our mark to be taken for ours: it must be whom we named. */
function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
