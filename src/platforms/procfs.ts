// Reads Linux's /proc: who runs, in which state and group, with which environment.
import { readdirSync, readFileSync } from "node:fs";
import { endianness } from "node:os";

/** The fields of /proc/PID/stat that are used here; times are clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  /** The name of the program, cut by the kernel to 15 bytes. */
  readonly comm: string;
  /** R running, S sleeping, D waiting for a disk, T stopped, t traced, Z zombie, X dead. */
  readonly state: string;
  readonly ppid: number;
  readonly group: number;
  readonly cpuTicks: number;
  readonly threads: number;
  /** Field 22: ticks since boot. */
  readonly startTicks: number;
  /** Field 24: resident set size in pages. */
  readonly rssPages: number;
}

/** From the state, field 3, to the resident pages: a line has twice as many. */
const fieldsRead = 22;

/** The fields of one stat line, or undefined when it is not one. */
export function parseStat(text: string): ProcessStat | undefined {
  // The name may hold spaces and parentheses: it ends at the last one.
  const open = text.indexOf(" (");
  const close = text.lastIndexOf(") ");
  if (open < 0 || close < open) return undefined;
  const rest = text.slice(close + 2).split(" ", fieldsRead);
  const field = (number: number): number => Number(rest[number - 3]);
  const stat: ProcessStat = {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 2, close),
    state: rest[0] ?? "",
    ppid: field(4),
    group: field(5),
    cpuTicks: field(14) + field(15),
    threads: field(20),
    startTicks: field(22),
    rssPages: field(24),
  };
  return Number.isInteger(stat.pid) && Number.isFinite(stat.startTicks) ? stat : undefined;
}

/** Whether it can still run: a zombie cannot, unless only its first thread has ended. */
export function runs(stat: ProcessStat): boolean {
  return stat.state === "Z" ? stat.threads > 1 : stat.state !== "X" && stat.state !== "x";
}

/** Undefined when there is no such process, zombies included in what there is. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** Whether anything runs under this pid; who that is, only its start time tells. */
export function isRunning(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && runs(stat);
}

/** All processes that can be seen, zombies included. */
export function readProcesses(): readonly ProcessStat[] {
  const found: ProcessStat[] = [];
  for (const pid of readPids()) {
    const stat = readStat(pid);
    if (stat) found.push(stat);
  }
  return found;
}

export function readPids(): readonly number[] {
  // No other name there begins with a digit.
  return readdirSync("/proc").flatMap((name) => (name < ":" ? Number(name) : []));
}

/** The environment the process was started with; undefined when it is gone or not ours to read. */
export function readEnvironment(pid: number): Readonly<Record<string, string>> | undefined {
  const text = readProc(`/proc/${pid}/environ`);
  if (text === undefined) return undefined;
  const environment: Record<string, string> = Object.create(null);
  for (const entry of text.split("\0")) {
    const at = entry.indexOf("=");
    // The first of two equal names is the one that getenv finds.
    if (at > 0) environment[entry.slice(0, at)] ??= entry.slice(at + 1);
  }
  return environment;
}

/** The words of its command line; empty for a zombie, a kernel thread or one that is gone. */
export function readCommand(pid: number): readonly string[] {
  const words = (readProc(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return words.at(-1) === "" ? words.slice(0, -1) : words;
}

/** Whether an error says that the process, or the right to look at it, is gone. */
export function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM";
}

/** The text of a file of /proc; undefined when {@link isGone}. Other errors are thrown. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

let bootId: string | undefined;

/** The id that the kernel gave this boot; a process identity of another boot names nobody. */
export function readBootId(): string {
  bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return bootId;
}

export interface Machine {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

let machine: Machine | undefined;

/**
 * Page size and clock ticks, which differ between machines (arm64 has pages of 4, 16 or 64 KiB).
 * Source: the auxiliary vector, getauxval(3): AT_PAGESZ = 6, AT_CLKTCK = 17.
 */
export function readMachine(): Machine {
  machine ??= parseAuxv(readFileSync("/proc/self/auxv"));
  return machine;
}

export function parseAuxv(vector: Buffer): Machine {
  const read = (at: number): number =>
    Number(endianness() === "LE" ? vector.readBigUInt64LE(at) : vector.readBigUInt64BE(at));
  const values = new Map<number, number>();
  for (let at = 0; at + 16 <= vector.length; at += 16) values.set(read(at), read(at + 8));
  return { pageBytes: values.get(6) ?? 4_096, ticksPerSecond: values.get(17) ?? 100 };
}

/** The names in a folder of /proc; none when its process is gone. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
