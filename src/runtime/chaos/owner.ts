// Tells one process from another, also when its number was used before.
import { exists, startOf } from "../parts/process-identity.ts";

export interface Processes {
  /** Of this process: its number and, where the system tells it, when it was started. */
  readonly self: string;
  isAlive(owner: string): boolean;
}

export const systemProcesses: Processes = {
  // Asked for only when there is a journal: most apps have none.
  get self() {
    return `${process.pid}@${startOf(process.pid)}`;
  },
  isAlive: (owner) => {
    const [pid = "", start = ""] = owner.split("@");
    const number = Number(pid);
    if (!exists(number)) return false;
    return start === "" || startOf(number) === start;
  },
};
