// Tells one process from another, also when its number was used before.
import { readFileSync } from "node:fs";
import { HomeostatError } from "../../kernel/errors.ts";

export interface Processes {
  /** Of this process: its number and, where the system tells it, when it was started. */
  readonly self: string;
  isAlive(owner: string): boolean;
}

export const systemProcesses: Processes = {
  self: `${process.pid}@${startOf(process.pid)}`,
  isAlive: (owner) => {
    const [pid = "", start = ""] = owner.split("@");
    const number = Number(pid);
    if (!Number.isInteger(number) || number < 1) return false;
    try {
      process.kill(number, 0);
    } catch (error) {
      // It is there, but belongs to another user.
      if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
    }
    return start === "" || startOf(number) === start;
  },
};

/** Field 22 of /proc/PID/stat, clock ticks since boot; the name before it may hold anything. */
function startOf(pid: number): string {
  if (process.platform !== "linux") return "";
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    if (start !== undefined) return start;
    throw new HomeostatError("INVARIANT", `/proc/${pid}/stat has no field 22`);
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}
