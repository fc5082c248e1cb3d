// What the control groups of this process let it have, and how much of it is used, in version 1 and 2.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HostFigures } from "../model/host.ts";
import { type HeldFile, heldFile } from "./held-file.ts";
import { groupOf } from "./linux-cgroup-place.ts";

export interface GroupReader {
  read(): Pick<HostFigures, "groupCpu" | "groupMemory">;
  close(): void;
}

/** A limit may stand on a group above: so many are looked at. */
const levelsMax = 16;
/** Version 1 writes a number near 2^63 for "no limit". */
const unlimitedBytes = 2 ** 60;

export function groupReader(own: string, mounts: string): GroupReader {
  const files: HeldFile[] = [];
  const hold = (...path: readonly string[]): HeldFile => {
    const file = heldFile(join(...path));
    files.push(file);
    return file;
  };
  const cpu = cpuReader(own, mounts, hold);
  const memory = memoryReader(own, mounts, hold);
  return {
    read: () => ({ ...cpu?.(), ...memory?.() }),
    close: () => {
      for (const file of files) file.close();
    },
  };
}

type Hold = (...path: readonly string[]) => HeldFile;

function memoryReader(
  own: string,
  mounts: string,
  hold: Hold,
): (() => Pick<HostFigures, "groupMemory">) | undefined {
  const group = groupOf("memory", own, mounts);
  if (!group) return undefined;
  const [mostName, usedName, cacheName] =
    group.version === 2
      ? ["memory.max", "memory.current", "inactive_file"]
      : ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
  const folder = narrowest(group.folder, (one) => memoryLimit(textIn(one, mostName)));
  if (folder === undefined) return undefined;
  const [most, used, stat] = [
    hold(folder, mostName),
    hold(folder, usedName),
    hold(folder, "memory.stat"),
  ];
  const cache = new RegExp(`^${cacheName} (\\d+)$`, "m");
  return () => {
    const mostBytes = memoryLimit(most.text());
    const all = Number(used.text() ?? Number.NaN);
    if (mostBytes === undefined || Number.isNaN(all)) return {};
    const usedBytes = Math.max(0, all - Number(cache.exec(stat.text() ?? "")?.[1] ?? 0));
    return { groupMemory: { usedBytes, mostBytes } };
  };
}

function cpuReader(
  own: string,
  mounts: string,
  hold: Hold,
): (() => Pick<HostFigures, "groupCpu">) | undefined {
  const group = groupOf("cpu", own, mounts);
  if (!group) return undefined;
  const is2 = group.version === 2;
  const limitIn = (one: string): number | undefined =>
    is2
      ? coresOf(textIn(one, "cpu.max"))
      : coresOf(`${textIn(one, "cpu.cfs_quota_us")} ${textIn(one, "cpu.cfs_period_us")}`);
  const folder = narrowest(group.folder, limitIn);
  if (folder === undefined) return undefined;
  const limits = (is2 ? ["cpu.max"] : ["cpu.cfs_quota_us", "cpu.cfs_period_us"]).map((it) =>
    hold(folder, it),
  );
  const stat = hold(folder, "cpu.stat");
  const counter = is2
    ? undefined
    : hold(accountOf(folder, own, mounts, group.folder), "cpuacct.usage");
  return () => {
    const text = stat.text() ?? "";
    const field = (name: string): number =>
      Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? Number.NaN);
    const cores = coresOf(limits.map((it) => it.text()?.trim()).join(" "));
    const usedMs = counter ? Number(counter.text() ?? Number.NaN) / 1e6 : field("usage_usec") / 1e3;
    if (cores === undefined || Number.isNaN(usedMs)) return {};
    const [periods, throttled] = [field("nr_periods") || 0, field("nr_throttled") || 0];
    return { groupCpu: { usedMs, cores, periods, throttled } };
  };
}

/** What counts the CPU time in version 1 may be mounted apart: the same group there. */
function accountOf(folder: string, own: string, mounts: string, cpuFolder: string): string {
  const group = groupOf("cpuacct", own, mounts);
  if (!group) return folder;
  let [account, at] = [group.folder, cpuFolder];
  while (at !== folder && dirname(at) !== at) [account, at] = [dirname(account), dirname(at)];
  return account;
}

/** Of the group and those above it, the one with the least limit. */
function narrowest(
  from: string,
  limitIn: (folder: string) => number | undefined,
): string | undefined {
  let [found, least]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (let [folder, level] = [from, 0]; level < levelsMax; level++) {
    const limit = limitIn(folder);
    if (limit !== undefined && limit < least) [found, least] = [folder, limit];
    if (dirname(folder) === folder) break;
    folder = dirname(folder);
  }
  return found;
}

function memoryLimit(text: string | undefined): number | undefined {
  const bytes = Number.parseInt(text ?? "", 10);
  return bytes >= 0 && bytes < unlimitedBytes ? bytes : undefined;
}

/** "max 100000", "50000 100000", and "-1 100000" of version 1. */
function coresOf(text: string | undefined): number | undefined {
  const [quota = Number.NaN, period = Number.NaN] = (text ?? "").trim().split(/\s+/).map(Number);
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function textIn(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8").trim();
  } catch {
    // No such limit at this level.
    return undefined;
  }
}
