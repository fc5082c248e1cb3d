// Which of the things that an app watches over are missing.
import type { WatchedReport } from "./link.ts";

/** Whether it is gone and not back yet. */
export function isLost({ state }: WatchedReport): boolean {
  return state === "lost" || state === "restarting" || state === "given-up";
}
