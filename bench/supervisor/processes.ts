// What /proc tells of the processes that a bench has started, and the end of those that are left.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly args: readonly string[];
}

/** Running processes with this text in their arguments or environment; zombies have ended. */
export function processesWith(text: string): readonly Seen[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => look(Number(name), text));
}

function look(pid: number, text: string): readonly Seen[] {
  const line = read(`/proc/${pid}/cmdline`) ?? "";
  if (!line.includes(text) && !read(`/proc/${pid}/environ`)?.includes(text)) return [];
  const stat = read(`/proc/${pid}/stat`);
  const [state, parent] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  if (state === undefined || "ZX".includes(state)) return [];
  return [{ pid, parent: Number(parent), args: line.split("\0").filter((word) => word !== "") }];
}

/** Undefined when the process has ended, or is another user's. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

export interface Memory {
  /** MB of 1,000,000 bytes. */
  readonly rss: number;
  /** The same, with what is shared divided by how many share it. */
  readonly pss: number;
}

export function memoryOf(pid: number): Memory {
  const text = read(`/proc/${pid}/smaps_rollup`) ?? "";
  const field = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1_024) / 1e6;
  return { rss: field("Rss"), pss: field("Pss") };
}

/** Milliseconds of CPU that all threads of the process that live now have used. */
export function cpuMsOf(pid: number): number {
  return threadsOf(pid).reduce((sum, thread) => {
    const text = read(`/proc/${pid}/task/${thread}/schedstat`) ?? "0";
    return sum + Number(text.split(" ")[0]) / 1e6;
  }, 0);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
}

/** CPU of these processes while nothing is asked of them: ms a second. */
export async function idleCpu(pids: readonly number[], forMs: number): Promise<number> {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  const [fromMs, before] = [performance.now(), used()];
  await sleep(forMs);
  return ((used() - before) * 1_000) / (performance.now() - fromMs);
}

export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Kills what has this text until nothing has it any more; how many processes that were. */
export async function endAll(text: string): Promise<number> {
  const ended = new Set<number>();
  for (let tries = 0; tries < 300; tries++) {
    const left = processesWith(text);
    if (left.length === 0) return ended.size;
    for (const { pid } of left) {
      ended.add(pid);
      kill(pid);
    }
    await sleep(20);
  }
  throw new Error(`these do not end: ${processesWith(text).map(({ pid }) => pid)}`);
}

/** The load of the machine in the last minute. */
export function loadAverage(): number {
  return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
}
