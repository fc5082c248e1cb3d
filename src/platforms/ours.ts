// Processes of Homeostat itself beside the daemon: found by their marks, and ended.
import type { Clock } from "../kernel/clock.ts";
import type { Target } from "../model/target.ts";
import { isAlive, signalProcess } from "./linux-group.ts";
import { scanMarked } from "./linux-scan.ts";
import type { Found } from "./platform.ts";

const stopMs = 2_000;
const pollMs = 10;

export function oursOf(project: string, target: Target): readonly Found[] {
  return scanMarked(project).filter((found) => found.target === target);
}

/** Resolves when none of the project is left; those that were told to end have a moment. */
export async function endOurs(clock: Clock, project: string, target: Target): Promise<void> {
  const killMs = clock.now() + stopMs;
  const untilMs = killMs + stopMs;
  for (;;) {
    const left = oursOf(project, target).filter(({ identity }) => isAlive(identity));
    if (left.length === 0 || clock.now() > untilMs) return;
    const signal = clock.now() > killMs ? "SIGKILL" : "SIGTERM";
    for (const one of left) signalProcess(one.identity, signal);
    await clock.sleep(pollMs);
  }
}
