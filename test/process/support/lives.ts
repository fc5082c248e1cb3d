// Whether a process runs.
import { readFileSync } from "node:fs";

/** False for one that has ended and that its parent, or pid 1, has not looked after yet. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
