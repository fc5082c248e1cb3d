// What the machine knows of an end beyond its status: out of memory, a core file, who has a port.
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { isGone, namesIn, readCommand, readProc } from "./procfs.ts";

/** How many processes the kernel has ended for want of memory since the machine started. */
export function machineOomKills(): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(readProc("/proc/vmstat") ?? "")?.[1];
  return count === undefined ? undefined : Number(count);
}

/** All that the machine has, bytes. */
export function memoryTotal(): number | undefined {
  const kib = /^MemTotal:\s+(\d+) kB$/m.exec(readProc("/proc/meminfo") ?? "")?.[1];
  return kib === undefined ? undefined : Number(kib) * 1_024;
}

/** Records of the kernel's log that are read at most; a ring of 1 MiB holds fewer. */
const recordsMax = 20_000;

/**
 * Whether the kernel's log says that it ended this process for want of memory, and whether that of a
 * cgroup; undefined when the log may not be read. In a container the kernel counts pids otherwise.
 */
export function oomInKernelLog(pid: number): "machine" | "cgroup" | "no" | undefined {
  let fd: number;
  try {
    fd = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    return searchLog(fd, `Killed process ${pid} (`);
  } finally {
    closeSync(fd);
  }
}

function searchLog(fd: number, words: string): "machine" | "cgroup" | "no" {
  const buffer = Buffer.alloc(8_192);
  let found: "machine" | "cgroup" | "no" = "no";
  for (let n = 0; n < recordsMax; n++) {
    let length: number;
    try {
      length = readSync(fd, buffer);
    } catch (error) {
      // EPIPE: records were overwritten before they were read; the next read goes on after them.
      if (error instanceof Error && "code" in error && error.code === "EPIPE") continue;
      return found;
    }
    const record = buffer.toString("utf8", 0, length);
    if (record.includes(words)) found = record.includes("emory cgroup") ? "cgroup" : "machine";
  }
  return found;
}

/**
 * The core file of a process that ended just now; undefined when there is none, or when a program
 * such as systemd-coredump takes it. Source: core(5); of its patterns `%p` and `%%` are known.
 */
export function coreFileOf(pid: number, cwd: string, nowMs: number): string | undefined {
  const pattern = (readProc("/proc/sys/kernel/core_pattern") ?? "").trim();
  if (pattern === "" || pattern.startsWith("|")) return undefined;
  const plain = pattern.replaceAll(/%(.)/g, (all: string, sign: string) =>
    sign === "p" ? String(pid) : sign === "%" ? "%" : all,
  );
  const path = plain.startsWith("/") ? plain : join(cwd, plain);
  return [`${path}.${pid}`, path].find((file) => isFresh(file, nowMs));
}

/** An older file of that name is of another end. */
const freshMs = 10_000;

function isFresh(file: string, nowMs: number): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size > 0 && Math.abs(nowMs - found.mtimeMs) < freshMs;
}

export interface Holder {
  readonly pid: number;
  readonly command: readonly string[];
}

/** Descriptors that are looked at: on a machine with more, the holder may not be found. */
const linksMax = 50_000;
const listening = "0A";

/** Who listens on a TCP port; undefined for nobody, or a process that we may not look into. */
export function portHolder(port: number): Holder | undefined {
  const inodes = new Set(["tcp", "tcp6"].flatMap((table) => listeners(table, port)));
  if (inodes.size === 0) return undefined;
  let left = linksMax;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    for (const fd of namesIn(`/proc/${name}/fd`)) {
      left -= 1;
      if (left < 0) return undefined;
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${name}/fd/${fd}`))?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      return { pid: Number(name), command: readCommand(Number(name)) };
    }
  }
  return undefined;
}

/** Source: proc(5): local address and port in hexadecimal, state, and the inode as tenth field. */
function listeners(table: string, port: number): readonly string[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = (readProc(`/proc/net/${table}`) ?? "").split("\n").slice(1);
  return rows.flatMap((row) => {
    const fields = row.trim().split(/\s+/);
    return fields[1]?.endsWith(end) && fields[3] === listening && fields[9] ? [fields[9]] : [];
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}
