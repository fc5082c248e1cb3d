// Knows when processes end: own children by their exit event, adopted ones by polling /proc.
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Ended } from "./platform.ts";
import { isGone, parseStat, readBootId, readStat, runs } from "./procfs.ts";

/** How often an adopted process is looked at. */
const pollMs = 100;

/** Ends of own children that are kept for whoever asks late. */
const keptEnds = 256;

export interface Ends {
  /** Takes the status of an own child when it exits. */
  follow(identity: ProcessIdentity, child: ChildProcess): void;
  /** Of an own child only. */
  own(identity: ProcessIdentity): Promise<Ended> | undefined;
  ended(identity: ProcessIdentity): Promise<Ended>;
}

/** Nothing here keeps the daemon's own event loop alive. */
export function trackEnds(): Ends {
  const own = new Map<string, Promise<Ended>>();
  const over: string[] = [];
  const adopted = trackAdopted();

  const follow = (identity: ProcessIdentity, child: ChildProcess): void => {
    const key = keyOf(identity);
    const end = new Promise<Ended>((resolve) => {
      child.once("exit", (code, signal) => {
        resolve({ code, signal, known: true });
        over.push(key);
        if (over.length > keptEnds) own.delete(over.shift() ?? "");
      });
    });
    own.set(key, end);
  };

  return {
    follow,
    own: (identity) => own.get(keyOf(identity)),
    ended: (identity) => own.get(keyOf(identity)) ?? adopted(identity),
  };
}

const [zombie, dead] = Buffer.from("ZX");

interface Watched {
  readonly identity: ProcessIdentity;
  readonly end: Promise<Ended>;
  readonly resolve: () => void;
  /** Kept open: a read then costs less, and can never meet another process of the same pid. */
  fd?: number | undefined;
}

function trackAdopted(): (identity: ProcessIdentity) => Promise<Ended> {
  const watched = new Map<string, Watched>();
  const buffer = Buffer.alloc(2_048);
  let timer: NodeJS.Timeout | undefined;

  const look = (key: string, entry: Watched): void => {
    if (isRunning(entry, buffer)) return;
    if (entry.fd !== undefined) closeSync(entry.fd);
    watched.delete(key);
    entry.resolve();
    if (watched.size === 0) clearInterval(timer);
  };

  return (identity) => {
    const key = keyOf(identity);
    const known = watched.get(key);
    if (known) return known.end;
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const entry: Watched = {
      identity,
      end: promise,
      resolve: () => resolve({ code: null, signal: null, known: false }),
    };
    if (watched.size === 0) {
      timer = setInterval(() => {
        for (const [of, each] of watched) look(of, each);
      }, pollMs);
      timer.unref();
    }
    watched.set(key, entry);
    look(key, entry);
    return promise;
  };
}

function isRunning(entry: Watched, buffer: Buffer): boolean {
  try {
    entry.fd ??= openVerified(entry.identity);
    return entry.fd !== undefined && canRun(entry.fd, buffer);
  } catch (error) {
    // Any other error, such as no descriptor being left, tells nothing about the process.
    return !isGone(error);
  }
}

/** Undefined when the pid belongs to another process now. */
function openVerified({ pid, startTicks, bootId }: ProcessIdentity): number | undefined {
  if (bootId !== readBootId()) return undefined;
  const fd = openSync(`/proc/${pid}/stat`, "r");
  // Looked at after the opening: whoever has this start time now is whom the descriptor is about.
  if (readStat(pid)?.startTicks === startTicks) return fd;
  closeSync(fd);
  return undefined;
}

/** Ten looks a second at each process: only what is needed of the line is looked at. */
function canRun(fd: number, buffer: Buffer): boolean {
  const length = readSync(fd, buffer, 0, buffer.length, 0);
  const state = buffer[buffer.lastIndexOf(") ", length - 2) + 2];
  if (state !== zombie && state !== dead) return length > 0;
  const stat = parseStat(buffer.toString("utf8", 0, length));
  return stat !== undefined && runs(stat);
}

function keyOf(identity: ProcessIdentity): string {
  return `${identity.pid}:${identity.startTicks}:${identity.bootId}`;
}
