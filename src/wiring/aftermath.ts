// Gathers what is known of an end beyond its status and its lines, for the sentence that tells it.
import { redact } from "../kernel/redact.ts";
import { metrics } from "../model/reading.ts";
import { serviceOf, type Target } from "../model/target.ts";
import {
  coreFileOf,
  machineOomKills,
  memoryTotal,
  oomInKernelLog,
  portHolder,
} from "../platforms/linux-cause.ts";
import { cgroupSite } from "../platforms/linux-cgroup.ts";
import type { Ended } from "../platforms/platform.ts";
import type { History } from "../server/history.ts";
import { type Aftermath, corey } from "../supervisor/exit.ts";
import type { LookBack } from "../supervisor/spec.ts";
import { resourcesOf } from "./process.ts";
import type { Resolved } from "./resolve.ts";

export function lookBack(parts: {
  readonly resolved: Resolved;
  readonly history: History;
  readonly project: string;
  /** Wall time, since files carry it. */
  readonly wall: () => number;
}): LookBack {
  const { resolved, history, project, wall } = parts;
  let machineKills = machineOomKills();
  /** Of groups that could not be removed. */
  const cgroupKills = new Map<Target, number>();

  /** Its group is gone after this, unless something is left in it. */
  const endedByCgroup = (target: Target): boolean => {
    const site = cgroupSite();
    const count = site.oomKills(project, target) ?? 0;
    const before = cgroupKills.get(target) ?? 0;
    if (site.close(project, target)) cgroupKills.delete(target);
    else cgroupKills.set(target, count);
    return count > before;
  };

  /** Looks into the kernel's log only when the kernel has ended something since the last time. */
  const outOfMemory = (
    pid: number,
    isHeld: boolean,
    limit: number | undefined,
  ): string | false | undefined => {
    const before = machineKills;
    machineKills = machineOomKills();
    const ofCgroup = `the kernel ended it: it had all the memory that its cgroup gives${
      limit === undefined ? "" : `, ${mebibytes(limit)} MiB`
    }`;
    if (isHeld) return ofCgroup;
    if (before === undefined || machineKills === undefined) return undefined;
    if (machineKills === before) return false;
    const said = oomInKernelLog(pid);
    if (said === "cgroup") return ofCgroup;
    return said === "machine" ? "the kernel ended it: the machine was out of memory" : undefined;
  };

  return (target, pid, ended, ownPort): Aftermath => {
    const service = resolved.services[serviceOf(target)];
    const resources = service && resourcesOf(service.process);
    const isHeld = resources !== undefined && endedByCgroup(target);
    const limit = resources?.memoryBytes;
    const core = isCore(ended) ? coreFileOf(pid, service?.cwd ?? "/", wall()) : undefined;
    const port = ownPort === undefined ? {} : { ownPort };
    if (ended.signal !== "SIGKILL") {
      return { ...port, ...(core === undefined ? {} : { coreFile: core }), portHolder: holderText };
    }
    const why = outOfMemory(pid, isHeld, limit);
    const rssBytes = history.series(target, metrics.rss.name, 0, 0).values.at(-1);
    const ofBytes = limit ?? memoryTotal();
    const memory =
      rssBytes === undefined || ofBytes === undefined ? {} : { memory: { rssBytes, ofBytes } };
    return { ...memory, ...(why === undefined ? {} : { outOfMemory: why }) };
  };
}

function isCore({ signal }: Ended): boolean {
  return signal !== null && signal in corey;
}

function holderText(port: number): string | undefined {
  const holder = portHolder(port);
  if (!holder) return undefined;
  const words = redact(holder.command.join(" ")).slice(0, 100);
  return `process ${holder.pid}${words === "" ? "" : ` (${words})`}`;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
