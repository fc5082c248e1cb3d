// What the system says of this process: the one place of the metrics that reads /proc.
import type { HeapSpaceInfo } from "node:v8";
import { builtin } from "../../kernel/builtin.ts";

/** Undefined where a system does not say it. */
export interface ProcessFacts {
  /** Seconds since the process began. */
  upSeconds(): number;
  /** Microseconds of CPU time so far. */
  cpu(): { readonly user: number; readonly system: number };
  memory(): NodeJS.MemoryUsage;
  heapLimitBytes(): number;
  heapSpaces(): readonly HeapSpaceInfo[];
  openFds(): Promise<number | undefined>;
  maxFds(): Promise<number | undefined>;
  virtualBytes(): Promise<number | undefined>;
  readonly nodeVersion: string;
}

export const systemFacts: ProcessFacts = {
  upSeconds: () => process.uptime(),
  cpu: () => process.cpuUsage(),
  memory: () => process.memoryUsage(),
  heapLimitBytes: () => builtin("node:v8").getHeapStatistics().heap_size_limit,
  heapSpaces: () => builtin("node:v8").getHeapSpaceStatistics(),
  openFds: async () => {
    // The folder is open while it is read.
    const entries = await present(builtin("node:fs/promises").readdir("/proc/self/fd"));
    return entries && entries.length - 1;
  },
  maxFds: async () => {
    const limits = (await present(read("limits"))) ?? "";
    return numberIn(limits, /^Max open files\s+(\d+)/m);
  },
  virtualBytes: async () => {
    const status = (await present(read("status"))) ?? "";
    const kibibytes = numberIn(status, /^VmSize:\s+(\d+) kB/m);
    return kibibytes && kibibytes * 1_024;
  },
  nodeVersion: process.version,
};

function read(name: string): Promise<string> {
  return builtin("node:fs/promises").readFile(`/proc/self/${name}`, "utf8");
}

/** Systems without /proc have no such file: that is their answer. */
async function present<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
