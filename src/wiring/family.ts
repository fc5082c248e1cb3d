// Which processes are one family: a leader, its group, and all that came from it.
import type { ProcessIdentity } from "../model/instance.ts";
import { isAlive } from "../platforms/linux-group.ts";
import { readStat } from "../platforms/procfs.ts";

/** A chain of parents that is longer than this is no chain. */
const generationsMax = 64;

/** Whether `pid` was started by `from`, or by one that was. */
export function descends(pid: number, from: number): boolean {
  let at = readStat(pid)?.ppid ?? 0;
  for (let n = 0; n < generationsMax && at > 1; n++) {
    if (at === from) return true;
    at = readStat(at)?.ppid ?? 0;
  }
  return false;
}

/** Whether `pid` is the leader itself, of its group, or comes from it. */
export function belongs(pid: number, leader: ProcessIdentity): boolean {
  if (!isAlive(leader)) return false;
  return pid === leader.pid || readStat(pid)?.group === leader.pid || descends(pid, leader.pid);
}
