// Holds an instance with all its children to limits by a cgroup of its own, where there can be one.
import { createHash } from "node:crypto";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import {
  type Controller,
  controllers,
  type Place,
  placeOf,
  read,
  words,
} from "./linux-cgroup-place.ts";
import type { Resources, StartSpec } from "./platform.ts";

export interface CgroupPowers {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly pids: boolean;
  /** In words, for those that cannot be held. */
  readonly why: string;
}

export interface CgroupSite {
  readonly powers: CgroupPowers;
  /**
   * Makes the groups of an instance and sets what of its resources can be held here.
   * @returns the files that its process enters them through
   * @throws SPAWN_FAILED with the system's reason
   */
  open(project: string, instance: string, resources: Resources): readonly string[];
  /** How many of its processes the kernel has ended for want of memory; undefined without a group. */
  oomKills(project: string, instance: string): number | undefined;
  /** Removes the groups of an instance; false when what is there still has processes in it. */
  close(project: string, instance: string): boolean;
}

let site: CgroupSite | undefined;

/** Groups are made beneath the one that this process is in, so what holds it holds them, too. */
export function cgroupSite(): CgroupSite {
  site ??= readSite(read("/proc/self/cgroup") ?? "", read("/proc/self/mountinfo") ?? "");
  return site;
}

/** `own` and `mounts` are the texts of /proc/self/cgroup and /proc/self/mountinfo. */
export function readSite(own: string, mounts: string): CgroupSite {
  const reasons: string[] = [];
  const places = new Map<Controller, Place>();
  for (const controller of controllers) {
    const found = placeOf(controller, own, mounts);
    if (typeof found === "string") reasons.push(found);
    else places.set(controller, found);
  }
  const powers: CgroupPowers = {
    memory: places.has("memory"),
    cpu: places.has("cpu"),
    pids: places.has("pids"),
    why: [...new Set(reasons)].join("; "),
  };
  const folderOf = (controller: Controller, name: string): string | undefined => {
    const place = places.get(controller);
    return place && join(place.folder, name);
  };
  const all = (name: string): readonly string[] => [
    ...new Set(controllers.flatMap((controller) => folderOf(controller, name) ?? [])),
  ];
  return {
    powers,
    open: (project, instance, resources) => {
      try {
        return openGroups(places, nameOf(project, instance), resources);
      } catch (error) {
        const text = `${instance}: its cgroup could not be made: ${messageOf(error)}`;
        throw new HomeostatError("SPAWN_FAILED", text, { cause: error });
      }
    },
    oomKills: (project, instance) => {
      const folder = folderOf("memory", nameOf(project, instance));
      if (folder === undefined) return undefined;
      const text = read(join(folder, "memory.events")) ?? read(join(folder, "memory.oom_control"));
      const count = /^oom_kill (\d+)$/m.exec(text ?? "")?.[1];
      return count === undefined ? undefined : Number(count);
    },
    close: (project, instance) =>
      all(nameOf(project, instance))
        .map(removed)
        .every((isGone) => isGone),
  };
}

/** What a process starts from that is to be held: its groups are made, for it to enter. */
export function entering(spec: StartSpec): StartSpec {
  const { settings, project, target } = spec;
  if (!settings?.resources) return spec;
  const cgroups = cgroupSite().open(project, target, settings.resources);
  return cgroups.length === 0 ? spec : { ...spec, settings: { ...settings, cgroups } };
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    // One that has processes in it is used again by the next start.
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

function nameOf(project: string, instance: string): string {
  const hash = createHash("sha256").update(project).digest("hex").slice(0, 8);
  return `homeostat-${hash}-${instance.replaceAll(/[^\w-]/g, "-")}`;
}

function openGroups(
  places: ReadonlyMap<Controller, Place>,
  name: string,
  { memoryBytes, cpu, processes }: Resources,
): readonly string[] {
  const entries = new Set<string>();
  const set = (controller: Controller, value: number | undefined, write: Write): void => {
    const place = places.get(controller);
    if (value === undefined || !place) return;
    const folder = join(place.folder, name);
    if (place.hands) handDown(place);
    mkdirSync(folder, { recursive: true });
    write(folder, value, place.version);
    entries.add(join(folder, "cgroup.procs"));
  };
  set("memory", memoryBytes, (folder, value, version) =>
    writeFileSync(join(folder, version === 2 ? "memory.max" : "memory.limit_in_bytes"), `${value}`),
  );
  set("cpu", cpu, (folder, value, version) => {
    // The least that the kernel takes is 1 ms.
    const quotaUs = Math.max(1_000, Math.round(value * periodUs));
    if (version === 2) return writeFileSync(join(folder, "cpu.max"), `${quotaUs} ${periodUs}`);
    writeFileSync(join(folder, "cpu.cfs_period_us"), `${periodUs}`);
    writeFileSync(join(folder, "cpu.cfs_quota_us"), `${quotaUs}`);
  });
  set("pids", processes, (folder, value) => writeFileSync(join(folder, "pids.max"), `${value}`));
  return [...entries];
}

type Write = (folder: string, value: number, version: Place["version"]) => void;

const periodUs = 100_000;

/** A group of version 2 that hands controllers down may have no process of its own. */
function handDown({ folder, hands }: Place): void {
  const missing = missingIn(folder);
  if (missing.length === 0) return;
  const rest = join(folder, "homeostat-daemon");
  const move = hands?.move ?? [];
  if (move.length > 0) mkdirSync(rest, { recursive: true });
  for (const pid of move) writeFileSync(join(rest, "cgroup.procs"), `${pid}`);
  writeFileSync(
    join(folder, "cgroup.subtree_control"),
    missing.map((name) => `+${name}`).join(" "),
  );
}

function missingIn(folder: string): readonly Controller[] {
  const down = words(join(folder, "cgroup.subtree_control"));
  const here = words(join(folder, "cgroup.controllers"));
  return controllers.filter((name) => here.includes(name) && !down.includes(name));
}
