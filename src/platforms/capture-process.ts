// What /proc tells of a process: its state, what it waits in, its descriptors and its children.
import type { Clock } from "../kernel/clock.ts";
import { plain, redact } from "../kernel/redact.ts";
import type { Evidence } from "../model/evidence.ts";
import { linkOf } from "./inspector-port.ts";
import {
  namesIn,
  type ProcessStat,
  readCommand,
  readMachine,
  readProc,
  readProcesses,
  readStat,
  runs,
} from "./procfs.ts";

/** Evidence that does not know yet which target it is about. */
export type Capture = Omit<Evidence, "target">;

const states: Readonly<Record<string, string>> = {
  R: "running",
  S: "sleeping",
  D: "waiting for a device",
  T: "stopped by a signal",
  t: "stopped by a debugger",
  I: "idle",
};

/** Descriptors that are looked at one by one; the number of all is told anyway. */
const fdLimit = 4_096;
const childLimit = 10;

/** Never throws for a process that has ended: the summary says so. */
export function captureProcess(options: { readonly pid: number; readonly clock: Clock }): Capture {
  const startedAt = options.clock.now();
  const { summary, lines } = describeProcess(options.pid);
  const tookMs = Math.round(options.clock.now() - startedAt);
  return { kind: "process", summary, lines, tookMs };
}

export interface Description {
  readonly summary: string;
  readonly lines: readonly string[];
  /** The command lines of its children, secrets masked. */
  readonly children: readonly string[];
}

export function describeProcess(pid: number): Description {
  const stat = readStat(pid);
  if (!stat || !runs(stat)) return { summary: `process ${pid} is gone`, lines: [], children: [] };
  const state = `${stat.state} (${states[stat.state] ?? "unknown"})`;
  const wait = waitOf(pid);
  const rss = mebibytes(pid);
  const fds = descriptors(pid);
  const children = childrenOf(pid);
  const waiting = wait === undefined ? "" : ` in ${wait}`;
  return {
    summary: `state ${state}${waiting}, ${stat.threads} threads, ${rss}, ${fds.count} descriptors`,
    lines: [
      `command: ${commandText(pid)}`,
      `state: ${state}${waiting}`,
      `threads: ${stat.threads}`,
      `cpu time: ${cpuSeconds(stat)} s`,
      `memory: ${rss}`,
      `descriptors: ${fds.count}${fds.kinds === "" ? "" : ` (${fds.kinds})`}`,
      ...children.map(({ pid: child, text }) => `child ${child}: ${text}`),
    ],
    children: children.map(({ text }) => text),
  };
}

/** The process, all of its group and all of its descendants; the process itself first. */
export function familyOf(pid: number): readonly ProcessStat[] {
  const all = readProcesses().filter(runs);
  const members = new Set([pid]);
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const stat of all) {
      if (stat.group === pid || members.has(stat.ppid)) members.add(stat.pid);
    }
  }
  const family = all.filter((stat) => members.has(stat.pid));
  return family.toSorted((a, b) => Number(b.pid === pid) - Number(a.pid === pid));
}

/** The kernel function that its first thread waits in; undefined when it runs or is not told. */
function waitOf(pid: number): string | undefined {
  const wait = readProc(`/proc/${pid}/wchan`) ?? "";
  return wait === "" || wait === "0" ? undefined : wait;
}

function cpuSeconds(stat: ProcessStat): string {
  return (stat.cpuTicks / readMachine().ticksPerSecond).toFixed(1);
}

function mebibytes(pid: number): string {
  const pages = Number((readProc(`/proc/${pid}/statm`) ?? "").split(" ")[1] ?? 0);
  return `${((pages * readMachine().pageBytes) / 1_048_576).toFixed(1)} MiB`;
}

function childrenOf(pid: number): readonly { readonly pid: number; readonly text: string }[] {
  const children = readProcesses().filter((stat) => stat.ppid === pid && runs(stat));
  const shown = children.slice(0, childLimit);
  return shown.map((child) => ({ pid: child.pid, text: commandText(child.pid) || child.comm }));
}

/** A command line may carry passwords, and anything else that its writer liked. */
function commandText(pid: number): string {
  return redact(plain(readCommand(pid).join(" "))).slice(0, 200);
}

function descriptors(pid: number): { readonly count: number; readonly kinds: string } {
  const folder = `/proc/${pid}/fd`;
  const names = namesIn(folder);
  const counts = new Map<string, number>();
  for (const name of names.slice(0, fdLimit)) {
    const kind = kindOf(linkOf(`${folder}/${name}`) ?? "");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].toSorted(([a], [b]) => a.localeCompare(b));
  return {
    count: names.length,
    kinds: kinds.map(([kind, count]) => `${kind} ${count}`).join(", "),
  };
}

function kindOf(link: string): string {
  if (link.startsWith("socket:")) return "socket";
  if (link.startsWith("pipe:")) return "pipe";
  if (link.startsWith("anon_inode:")) return "anon";
  return link.startsWith("/") ? "file" : "other";
}
