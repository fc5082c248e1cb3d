// What this process may do to those it starts: users, limits, priority, cgroups.
import { accessSync, constants, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { delimiter, join } from "node:path";
import { findGroup, findUser, furtherGroups, type Group, type User } from "./accounts.ts";
import { type CgroupPowers, cgroupSite } from "./linux-cgroup.ts";
import type { UlimitName } from "./platform.ts";

export interface Powers {
  readonly uid: number;
  readonly gid: number;
  readonly switchesUser: boolean;
  /** The lowest, that is best, that may be given. */
  readonly niceFrom: number;
  readonly oomScoreFrom: number;
  /** The highest limit that may be given, in its own unit; absent when any may be. */
  readonly hard: Readonly<Partial<Record<UlimitName, number>>>;
  findUser(who: string | number): User | undefined;
  findGroup(which: string | number): Group | undefined;
  furtherGroups(user: User): readonly number[];
  hasProgram(name: string): boolean;
  /** Which of the resources a cgroup can hold, or why none can. */
  readonly cgroups: CgroupPowers;
}

/** Source: capability.h. */
const capability = { setgid: 6, setuid: 7, nice: 23, resource: 24 } as const;

const rows: Readonly<Record<UlimitName, { readonly row: string; readonly unit: number }>> = {
  files: { row: "Max open files", unit: 1 },
  processes: { row: "Max processes", unit: 1 },
  coreMiB: { row: "Max core file size", unit: 1_048_576 },
  stackMiB: { row: "Max stack size", unit: 1_048_576 },
  virtualMiB: { row: "Max address space", unit: 1_048_576 },
  lockedMiB: { row: "Max locked memory", unit: 1_048_576 },
  fileMiB: { row: "Max file size", unit: 1_048_576 },
  cpuSeconds: { row: "Max cpu time", unit: 1 },
};

/** Of this process, which is the daemon or stands where it would. */
export function readPowers(path: string): Powers {
  const held = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(textOf("/proc/self/status"))?.[1] ?? 0}`,
  );
  const may = (bit: number): boolean => (held & (1n << BigInt(bit))) !== 0n;
  const limits = textOf("/proc/self/limits");
  const ownScore = Number(textOf("/proc/self/oom_score_adj")) || 0;
  return {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    switchesUser: may(capability.setuid) && may(capability.setgid),
    niceFrom: may(capability.nice) ? -20 : lowestNice(limits),
    oomScoreFrom: may(capability.resource) ? -1_000 : ownScore,
    hard: may(capability.resource) ? openMax() : hardLimits(limits),
    findUser,
    findGroup,
    furtherGroups,
    hasProgram: (name) => path.split(delimiter).some((folder) => isProgram(join(folder, name))),
    get cgroups() {
      return cgroupSite().powers;
    },
  };
}

function hardLimits(text: string): Partial<Record<UlimitName, number>> {
  const found = Object.entries(rows).flatMap(([name, { row, unit }]) => {
    const hard = fieldsOf(text, row)[1];
    const value = Number(hard);
    return hard === undefined || Number.isNaN(value) ? [] : [[name, Math.floor(value / unit)]];
  });
  return Object.fromEntries(found);
}

/** Even root cannot go beyond this number of open files. */
function openMax(): Partial<Record<UlimitName, number>> {
  const files = Number(textOf("/proc/sys/fs/nr_open"));
  return files > 0 ? { files } : {};
}

/** RLIMIT_NICE counts from 1 to 40, for a nice of 19 to -20. */
function lowestNice(limits: string): number {
  const ceiling = Number(fieldsOf(limits, "Max nice priority")[0]) || 0;
  return Math.min(getPriority(), 20 - ceiling);
}

/** Soft and hard limit of a row; "unlimited" is no number. */
function fieldsOf(text: string, row: string): readonly string[] {
  const line = text.split("\n").find((other) => other.startsWith(row));
  return line === undefined ? [] : line.slice(row.length).trim().split(/\s+/);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Empty where there is no such file: then nothing is allowed beyond what everybody may. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
