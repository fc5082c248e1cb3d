// What a process uses, read each second of hundreds of them: its files of /proc stay open.
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Figures } from "./platform.ts";
import { isGone, parseStat, readBootId, readMachine, readProc, readStat, runs } from "./procfs.ts";

export interface FigureReader {
  /** Undefined when the process has ended. */
  of(identity: ProcessIdentity): Figures | undefined;
  /** Proportional set size in bytes, which costs the kernel a walk through all of its memory. */
  pssOf(identity: ProcessIdentity): number | undefined;
}

/** Of so many processes the files stay open, four each; those of more are opened each time. */
const heldUsual = 768;
/** Files of a process that was not asked for so long are closed. */
const forgetMs = 10_000;
/** A process may change its own limits, as Node does when it starts. */
const limitsMs = 60_000;

interface Held {
  readonly startTicks: number;
  readonly stat: number;
  readonly statm: number;
  /** What the scheduler has counted, or else, where it counts nothing, `status`. */
  readonly counts: number;
  readonly scheduled: boolean;
  /** Undefined where it is not ours to read. */
  readonly io: number | undefined;
  usedAt: number;
  last?: Look;
  /** How many files it may have open, and when that was read. */
  most?: { readonly fds: number | undefined; readonly readAt: number };
}

interface Look {
  /** The line of the scheduler from right before the figures were read. */
  readonly line: string;
  readonly figures: Figures;
}

/** A descriptor of /proc/PID is about one process for ever: it can never meet another of that pid. */
export function figureReader(now: () => number): FigureReader {
  const held = new Map<number, Held>();
  // No more than half of the descriptors that this process may have.
  const heldMax = Math.min(heldUsual, Math.floor((mostFds("self") ?? Infinity) / 8));
  let sweptAt = now();

  const drop = (pid: number, it: Held): void => {
    held.delete(pid);
    closeAll(it);
  };
  const sweep = (): void => {
    if (now() - sweptAt < forgetMs) return;
    sweptAt = now();
    for (const [pid, it] of held) if (now() - it.usedAt > forgetMs) drop(pid, it);
  };
  const take = ({ pid, startTicks, bootId }: ProcessIdentity): Held | undefined => {
    if (bootId !== readBootId()) return undefined;
    const known = held.get(pid);
    if (known?.startTicks === startTicks) return known;
    if (known) drop(pid, known);
    const it = openVerified(pid, startTicks, now());
    if (it && held.size < heldMax) held.set(pid, it);
    return it;
  };
  return {
    of: (identity) => {
      sweep();
      const it = take(identity);
      if (!it) return undefined;
      let found: Figures | undefined;
      try {
        it.usedAt = now();
        if (!it.most || now() - it.most.readAt > limitsMs) {
          it.most = { fds: mostFds(identity.pid), readAt: now() };
        }
        found = read(identity.pid, it);
        return found;
      } finally {
        if (held.get(identity.pid) !== it) closeAll(it);
        else if (!found) drop(identity.pid, it);
      }
    },
    pssOf: (identity) => {
      if (readStat(identity.pid)?.startTicks !== identity.startTicks) return undefined;
      const text = readProc(`/proc/${identity.pid}/smaps_rollup`) ?? "";
      const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(text) ?? [];
      return kib === undefined ? undefined : Number(kib) * 1_024;
    },
  };
}

/** Undefined when the pid belongs to another process now, or to none. */
function openVerified(pid: number, startTicks: number, usedAt: number): Held | undefined {
  const opened: number[] = [];
  const open = (name: string): number => {
    const fd = openSync(`/proc/${pid}/${name}`, "r");
    opened.push(fd);
    return fd;
  };
  let isKept = false;
  try {
    const [stat, statm] = [open("stat"), open("statm")];
    const io = orGone(() => open("io"));
    const scheduled = isScheduled();
    const counts = open(scheduled ? "schedstat" : "status");
    // Looked at after the opening: whoever has this start time now is whom the descriptors are about.
    isKept = readStat(pid)?.startTicks === startTicks;
    if (isKept) {
      return { startTicks, stat, statm, counts, scheduled, io, usedAt };
    }
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    if (!isKept) for (const fd of opened) closeSync(fd);
  }
  return undefined;
}

function closeAll({ stat, statm, counts, io }: Held): void {
  for (const fd of [stat, statm, counts, io]) if (fd !== undefined) closeSync(fd);
}

let counting: boolean | undefined;

/** Whether this kernel counts how often and how long each thread has run. */
function isScheduled(): boolean {
  counting ??= /^[1-9]/.test(readProc("/proc/self/schedstat") ?? "");
  return counting;
}

/**
 * A process whose only thread has not run since the last look has done nothing: only its memory can
 * have been taken from it. Measured for 100 at 1 Hz: 0.3 ms a second in place of 2.6.
 */
function read(pid: number, held: Held): Figures | undefined {
  const line = held.scheduled ? textAt(held.counts) : "";
  if (line === undefined) return undefined;
  const { last } = held;
  const isIdle = line !== "" && last?.line === line && last.figures.threads === 1;
  const figures = isIdle ? resting(held, last.figures) : readAll(pid, held, line);
  if (figures && figures !== last?.figures) held.last = { line, figures };
  return figures;
}

function resting({ statm }: Held, last: Figures): Figures | undefined {
  const rssBytes = residentOf(statm);
  if (rssBytes === undefined) return undefined;
  return rssBytes === last.rssBytes ? last : { ...last, rssBytes };
}

function readAll(pid: number, held: Held, line: string): Figures | undefined {
  const stat = parseStat(textAt(held.stat) ?? "");
  const rssBytes = stat && residentOf(held.statm);
  const fds = stat && orGone(() => countFds(pid));
  if (!stat || !runs(stat) || rssBytes === undefined || fds === undefined) return undefined;
  const io = held.io === undefined ? undefined : textAt(held.io);
  return {
    cpuMs: (stat.cpuTicks * 1_000) / readMachine().ticksPerSecond,
    rssBytes,
    threads: stat.threads,
    fds,
    ...(held.most?.fds === undefined ? {} : { fdsMost: held.most.fds }),
    switches: held.scheduled ? turnsOf(line) : switchesOf(textAt(held.counts) ?? ""),
    ...(io === undefined
      ? {}
      : { readBytes: fieldOf(io, "\nread_bytes: "), writtenBytes: fieldOf(io, "\nwrite_bytes: ") }),
  };
}

/** Bytes: the second number, in pages. */
function residentOf(statm: number): number | undefined {
  const text = textAt(statm);
  if (text === undefined) return undefined;
  return Number.parseInt(text.slice(text.indexOf(" ") + 1), 10) * readMachine().pageBytes;
}

/** How often the scheduler let it run, the last number, is how often it was switched to. */
function turnsOf(line: string): number {
  return Number.parseInt(line.slice(line.lastIndexOf(" ") + 1), 10);
}

function switchesOf(status: string): number {
  return (
    fieldOf(status, "\nvoluntary_ctxt_switches:\t") +
    fieldOf(status, "\nnonvoluntary_ctxt_switches:\t")
  );
}

const buffer = Buffer.allocUnsafeSlow(4_096);

/** Undefined when the process has ended. */
function textAt(fd: number): string | undefined {
  try {
    return buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function fieldOf(text: string, name: string): number {
  const at = text.indexOf(name);
  return at < 0 ? 0 : Number.parseInt(text.slice(at + name.length, at + name.length + 20), 10);
}

/** Since Linux 6.2 the folder's size is the number, which spares reading thousands of names. */
function countFds(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return statSync(folder).size || readdirSync(folder).length;
}

/** Undefined when there is no end to it, or it is not ours to read. */
function mostFds(pid: number | "self"): number | undefined {
  const [, most] = /^Max open files\s+(\d+)/m.exec(readProc(`/proc/${pid}/limits`) ?? "") ?? [];
  return most === undefined ? undefined : Number(most);
}

function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
