// Where this process may make cgroups: its own group or the one above, of version 1 or 2.
import { accessSync, constants, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { readStat } from "./procfs.ts";

export type Controller = "memory" | "cpu" | "pids";
export const controllers: readonly Controller[] = ["memory", "cpu", "pids"];

/** A folder that groups can be made in. */
export interface Place {
  readonly folder: string;
  readonly version: 1 | 2;
  /** Version 2: the controllers have to be handed down first, and these processes moved. */
  readonly hands?: { readonly move: readonly number[] };
}

/** The group that this process is in, for one controller; undefined where there is none. */
export function groupOf(
  controller: Controller | "cpuacct",
  own: string,
  mounts: string,
): { readonly folder: string; readonly version: 1 | 2 } | undefined {
  const line = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, "m").exec(own)?.[1];
  const group = line ?? /^0::(.*)$/m.exec(own)?.[1];
  if (group === undefined) return undefined;
  const folder = mountedAt(mounts, group, (type, options) =>
    line === undefined
      ? type === "cgroup2"
      : type === "cgroup" && options.split(",").includes(controller),
  );
  return folder === undefined ? undefined : { folder, version: line === undefined ? 2 : 1 };
}

/** Where groups with this controller can be made, or in words why nowhere. */
export function placeOf(controller: Controller, own: string, mounts: string): Place | string {
  const line = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, "m").exec(own)?.[1];
  if (line !== undefined) {
    const folder = mountedAt(mounts, line, (type, options) =>
      type === "cgroup" ? options.split(",").includes(controller) : false,
    );
    if (folder === undefined) return `the cgroup controller ${controller} is not mounted`;
    return isWritable(folder) ? { folder, version: 1 } : `the cgroup ${folder} is not ours`;
  }
  const unified = /^0::(.*)$/m.exec(own)?.[1];
  const folder =
    unified === undefined ? undefined : mountedAt(mounts, unified, (type) => type === "cgroup2");
  if (folder === undefined) return "there are no cgroups here";
  const inOwn = placeIn(folder, controller, true);
  if (typeof inOwn !== "string") return inOwn;
  const above = dirname(folder);
  const beside = words(join(above, "cgroup.controllers")).length > 0;
  const inAbove = beside ? placeIn(above, controller, false) : inOwn;
  return typeof inAbove === "string" ? inOwn : inAbove;
}

function placeIn(folder: string, controller: Controller, isOwn: boolean): Place | string {
  if (!isWritable(folder) || !isWritable(join(folder, "cgroup.procs"))) {
    return `the cgroup ${folder} is not ours: with systemd, set Delegate=yes`;
  }
  if (words(join(folder, "cgroup.subtree_control")).includes(controller)) {
    return { folder, version: 2 };
  }
  if (!words(join(folder, "cgroup.controllers")).includes(controller)) {
    return `the cgroup ${folder} was not given the controller ${controller}`;
  }
  const move = words(join(folder, "cgroup.procs")).map(Number);
  if (move.length === 0 || (isOwn && move.every(isFamily))) {
    return { folder, version: 2, hands: { move } };
  }
  return `the cgroup ${folder} has other processes in it: with systemd, set Delegate=yes`;
}

/** This process, or one that it has started. */
function isFamily(pid: number): boolean {
  for (let at = pid, steps = 0; at > 1 && steps < 64; steps++) {
    if (at === process.pid) return true;
    at = readStat(at)?.ppid ?? 0;
  }
  return false;
}

/** The folder of a group; a container may see only a part of the tree, from `root` on. */
function mountedAt(
  mounts: string,
  group: string,
  fits: (type: string, options: string) => boolean,
): string | undefined {
  for (const line of mounts.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root = "", point = ""] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    if (point === "" || !fits(type, options)) continue;
    const inside = relative(root, group);
    if (!inside.startsWith("..")) return join(point, inside);
  }
  return undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function words(path: string): readonly string[] {
  return (read(path) ?? "").split(/\s+/).filter(Boolean);
}

/** Undefined for what is not there or not ours to read. */
export function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
