// Keeps in mind who was asked to open an inspector: a daemon that dies must not leave one open.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { hasNew } from "./inspector-port.ts";
import { readBootId, readStat } from "./procfs.ts";

export interface Asked {
  /** Whether it was asked before, opened nothing and went on: the signal is its own affair. */
  isDeaf(pid: number): boolean;
  /**
   * Right before the signal; `before` holds the inodes of the listeners that were there. False when
   * an earlier signal is still to be answered: another one would say nothing new.
   */
  note(pid: number, leader: number, before: ReadonlySet<string>): boolean;
  opened(pid: number): void;
  /** Nothing that was asked for is open, or will be. */
  closed(pid: number): void;
  /** Whether somebody was asked who has not opened anything yet. */
  isWaiting(): boolean;
  /** The instance that this process leads has just given a good answer. */
  turned(leader: number): void;
  /** Whom an earlier daemon has asked and perhaps not left. */
  readonly left: readonly Pick<Row, "pid" | "before">[];
}

interface Row {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
  /** The process of whose instance it is. */
  readonly leader: number;
  readonly before: readonly string[];
  readonly deaf?: boolean;
}

interface Known extends Row {
  readonly askedMs: number;
  readonly opened: boolean;
  /** Nobody waits for it any more, and nothing is open. */
  readonly over: boolean;
}

/** An inspector opens before the loop goes on: an answer that is so much later came after it. */
const answerMs = 500;
/** Captures are few; what is beyond has long been left. */
const rowsMax = 64;
const listenersMax = 500;

export interface AskedOptions {
  /** Where it stands for the next daemon. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A pid is given to somebody else one day: all of this is about processes, told by their start time. */
export function keepAsked({ file, clock, log }: AskedOptions): Asked {
  const rows = new Map<number, Known>();
  const given = readRows(file, log).filter(isThere);
  for (const row of given) {
    rows.set(row.pid, { ...row, askedMs: clock.now(), opened: false, over: false });
  }
  let isTold = false;
  const write = (): void => {
    for (const [pid, row] of rows) if (!isThere(row)) rows.delete(pid);
    for (const pid of [...rows.keys()].slice(0, -rowsMax)) rows.delete(pid);
    const kept = [...rows.values()].filter(({ over, deaf }) => !over || deaf);
    try {
      writeFileSync(`${file}.new`, kept.map(lineOf).join(""), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      // The disk is full, say: the process itself closes what it opened, seconds later.
      const reason = messageOf(error);
      if (!isTold) log.warn("who is asked for a stack cannot be written down", { reason });
      isTold = true;
    }
  };
  const known = (pid: number): Known | undefined => {
    const row = rows.get(pid);
    return row && isThere(row) ? row : undefined;
  };
  const put = (row: Known): void => {
    rows.delete(row.pid);
    rows.set(row.pid, row);
    write();
  };
  return {
    left: given.filter(({ deaf }) => !deaf),
    isDeaf: (pid) => known(pid)?.deaf === true,
    note: (pid, leader, before) => {
      const startTicks = readStat(pid)?.startTicks;
      const last = known(pid);
      if (startTicks === undefined) return true;
      if (last && !last.opened && !last.over) return false;
      const row = { pid, startTicks, bootId: readBootId(), leader };
      const inodes = [...before].slice(0, listenersMax);
      put({ ...row, before: inodes, askedMs: clock.now(), opened: false, over: false });
      return true;
    },
    opened: (pid) => {
      const row = known(pid);
      if (row) put({ ...row, deaf: false, opened: true, over: false });
    },
    closed: (pid) => {
      const row = known(pid);
      if (row && !row.over) put({ ...row, over: true });
    },
    isWaiting: () => [...rows.values()].some(isSilent),
    turned: (leader) => {
      for (const row of [...rows.values()]) {
        const isDue = clock.now() - row.askedMs >= answerMs;
        if (row.leader !== leader || !isDue || !isSilent(row) || !isThere(row)) continue;
        if (!hasNew(row.pid, new Set(row.before))) put({ ...row, deaf: true });
      }
    },
  };
}

const isSilent = ({ opened, deaf }: Known): boolean => !opened && !deaf;

function isThere({ pid, startTicks, bootId }: Row): boolean {
  return bootId === readBootId() && readStat(pid)?.startTicks === startTicks;
}

function lineOf({ pid, startTicks, bootId, leader, before, deaf = false }: Row): string {
  return `${JSON.stringify({ pid, startTicks, bootId, leader, before, deaf })}\n`;
}

function readRows(file: string, log: Log): readonly Row[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.filter((line) => line !== "").map(rowOf);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    log.warn("who was asked for a stack cannot be read", { reason: messageOf(error) });
    return [];
  }
}

/** @throws SyntaxError, TypeError */
function rowOf(line: string): Row {
  const row = JSON.parse(line) as Row;
  const isRow =
    [row.pid, row.startTicks, row.leader].every(Number.isInteger) && Array.isArray(row.before);
  if (!isRow) throw new TypeError(`expected a process, got ${line.slice(0, 60)}`);
  return row;
}
