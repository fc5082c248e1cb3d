// Signals process groups, and makes sure first that the group is still the one that was meant.
import { HomeostatError } from "../kernel/errors.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import { marks } from "./linux-prepare.ts";
import {
  type ProcessStat,
  readBootId,
  readEnvironment,
  readProcesses,
  readStat,
  runs,
} from "./procfs.ts";

/** The process itself, when it still is this one; zombies included. */
function leaderOf(identity: ProcessIdentity): ProcessStat | undefined {
  if (identity.bootId !== readBootId()) return undefined;
  const stat = readStat(identity.pid);
  return stat?.startTicks === identity.startTicks ? stat : undefined;
}

export function isAlive(identity: ProcessIdentity): boolean {
  const stat = leaderOf(identity);
  return stat !== undefined && runs(stat);
}

/**
 * Whether anything of the group runs. The kernel gives a pid to nobody else while a group of that
 * number exists. So: while the leader is there, even as a zombie, the group is ours; when another
 * process has its pid, our group is over; when nobody has it, the members must carry our mark.
 */
export function groupAlive(identity: ProcessIdentity): boolean {
  const { pid, bootId } = identity;
  if (!Number.isInteger(pid) || pid <= 1 || bootId !== readBootId() || isEmpty(pid)) return false;
  const holder = readStat(pid);
  if (holder && holder.startTicks !== identity.startTicks) return false;
  if (holder && runs(holder)) return holder.group === pid;
  const members = readProcesses().filter((stat) => stat.group === pid && runs(stat));
  return holder ? members.length > 0 : members.some(isMarked);
}

/**
 * False when nothing is left of the group. Looking and signalling are two steps: for own children
 * nothing can come between (they are reaped in later turns of the event loop), for adopted ones
 * some microseconds remain in which the kernel would have to use up all other pids.
 * @throws ACTION_FAILED when the system does not allow it.
 */
export function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return groupAlive(identity) && send(-identity.pid, signal);
}

/** False when it is no longer there; the same holds for it as for {@link signalGroup}. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

function send(to: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(to, signal);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    const whom = to < 0 ? `the process group ${-to}` : `process ${to}`;
    const text = `${signal} to ${whom} was not allowed`;
    throw new HomeostatError("ACTION_FAILED", text, { cause: error });
  }
}

/** One cheap question before /proc is scanned; a group of zombies only is not empty yet. */
function isEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

function isMarked(stat: ProcessStat): boolean {
  const environment = readEnvironment(stat.pid);
  return environment !== undefined && marks.project in environment && marks.run in environment;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
