// The life of one target: calm for a while, disrupted for a while, taken back.
import type { Random } from "../../kernel/random.ts";
import { wait } from "../parts/wait.ts";
import { disrupt, recover, type Stage } from "./acts.ts";
import type { Gate } from "./gate.ts";
import type { Entry, TargetState } from "./target.ts";

export interface Turns {
  readonly stage: Stage;
  readonly random: Random;
  readonly gate: () => Gate;
  /** Whether one more may be disrupted. */
  readonly isRoom: () => boolean;
  readonly armed: boolean;
}

const longestDurations = 5;
const firstRetryMs = 5_000;
const longestRetryMs = 60_000;

/** Until `signal` aborts; whoever aborts it takes the target back. */
export async function turns(entry: Entry, around: Turns, signal: AbortSignal): Promise<void> {
  const { stage, random } = around;
  const { clock } = stage;
  const isState = (state: TargetState): boolean => entry.state === state;
  while (await persist(entry, stage, signal)) {
    if (!around.armed || entry.target.irreversible) return;
    if (!(await wait(clock, exponential(random, entry.meanIntervalMs), signal))) return;
    // Somebody else has it, or there are enough: another time.
    if (!isState("calm") || !around.gate().open || !around.isRoom()) continue;
    await disrupt(entry, stage, signal);
    const longestMs = entry.meanDurationMs * longestDurations;
    const durationMs = Math.min(exponential(random, entry.meanDurationMs), longestMs);
    if (isState("disrupted") && !(await wait(clock, durationMs, signal))) return;
    await recover(entry, stage);
  }
}

/** Tries again and again to take back what could not be; false when `signal` has aborted. */
async function persist(entry: Entry, stage: Stage, signal: AbortSignal): Promise<boolean> {
  for (let pauseMs = firstRetryMs; entry.state === "recovery-failed"; pauseMs *= 2) {
    if (!(await wait(stage.clock, Math.min(pauseMs, longestRetryMs), signal))) return false;
    await recover(entry, stage);
  }
  return !signal.aborted;
}

/** Source: the inverse of the distribution function, 1 - e^(-x / mean). */
function exponential(random: Random, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs;
}
