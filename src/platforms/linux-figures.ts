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

/** Of so many processes the files stay open; those of more are opened each time. */
const heldMax = 1_024;
/** Files of a process that was not asked for so long are closed. */
const forgetMs = 10_000;

interface Held {
  readonly startTicks: number;
  readonly stat: number;
  readonly status: number;
  /** Undefined where it is not ours to read. */
  readonly io: number | undefined;
  usedAt: number;
}

/** A descriptor of /proc/PID is about one process for ever: it can never meet another of that pid. */
export function figureReader(now: () => number): FigureReader {
  const held = new Map<number, Held>();
  const buffer = Buffer.allocUnsafe(4_096);
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
      it.usedAt = now();
      const found = read(identity.pid, it, buffer);
      if (held.get(identity.pid) !== it) closeAll(it);
      else if (!found) drop(identity.pid, it);
      return found;
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
  try {
    const [stat, status] = [open("stat"), open("status")];
    const io = orGone(() => open("io"));
    // Looked at after the opening: whoever has this start time now is whom the descriptors are about.
    if (readStat(pid)?.startTicks === startTicks) return { startTicks, stat, status, io, usedAt };
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  for (const fd of opened) closeSync(fd);
  return undefined;
}

function closeAll({ stat, status, io }: Held): void {
  for (const fd of [stat, status, io]) if (fd !== undefined) closeSync(fd);
}

function read(pid: number, held: Held, buffer: Buffer): Figures | undefined {
  const stat = parseStat(textAt(held.stat, buffer) ?? "");
  const fds = stat && orGone(() => countFds(pid));
  if (!stat || !runs(stat) || fds === undefined) return undefined;
  const { pageBytes, ticksPerSecond } = readMachine();
  const status = textAt(held.status, buffer) ?? "";
  const io = held.io === undefined ? undefined : textAt(held.io, buffer);
  return {
    cpuMs: (stat.cpuTicks * 1_000) / ticksPerSecond,
    rssBytes: stat.rssPages * pageBytes,
    threads: stat.threads,
    fds,
    switches:
      fieldOf(status, "\nvoluntary_ctxt_switches:\t") +
      fieldOf(status, "\nnonvoluntary_ctxt_switches:\t"),
    ...(io === undefined
      ? {}
      : { readBytes: fieldOf(io, "\nread_bytes: "), writtenBytes: fieldOf(io, "\nwrite_bytes: ") }),
  };
}

/** Undefined when the process has ended. */
function textAt(fd: number, buffer: Buffer): string | undefined {
  return orGone(() => buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0)));
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

function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
