// Names a process for ever, and tells whether the one that is named still runs.
import { uptime } from "node:os";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { ProcessIdentity } from "../../model/instance.ts";

export interface NamedProcess extends ProcessIdentity {
  /** Its pid namespace: in another one (another container) a pid means another process. */
  readonly space: string;
}

/** "unseen": it lives in another pid namespace, so that nobody here can tell. */
export type Life = "alive" | "gone" | "unseen";

/** The processes of this machine. */
export interface ProcessTable {
  readonly self: NamedProcess;
  lifeOf(process: NamedProcess): Life;
  /** Milliseconds since the machine was started: one clock for all its processes, never set. */
  uptimeMs(): number;
}

export function processTable(): ProcessTable {
  const self: NamedProcess = {
    pid: process.pid,
    startTicks: Number(startOf(process.pid)),
    bootId: fromProc(() =>
      builtin("node:fs").readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    ),
    space: fromProc(() => builtin("node:fs").readlinkSync("/proc/self/ns/pid")),
  };
  return {
    self,
    uptimeMs: () => uptime() * 1_000,
    lifeOf: ({ pid, startTicks, bootId, space }) => {
      if (bootId !== self.bootId) return "gone";
      if (space !== self.space) return "unseen";
      return exists(pid) && Number(startOf(pid)) === startTicks ? "alive" : "gone";
    },
  };
}

/** Whether the number is in use; by whom it does not say. */
export function exists(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, but belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Field 22 of /proc/PID/stat, clock ticks since boot; the name before it may hold anything. "" where
 * the system does not tell it, and for a process that ended and was not yet collected.
 */
export function startOf(pid: number): string {
  return fromProc(() => {
    const stat = builtin("node:fs").readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return "";
    const start = fields[18];
    if (start !== undefined) return start;
    throw new HomeostatError("INVARIANT", `/proc/${pid}/stat has no field 22`);
  });
}

function fromProc(read: () => string): string {
  if (process.platform !== "linux") return "";
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && !(error instanceof HomeostatError)) return "";
    throw error;
  }
}
