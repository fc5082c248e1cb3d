// Takes back what is disrupted: at the end, and at the start what a process before this one left.
import { recover, type Stage } from "./acts.ts";
import type { Entry, TargetState } from "./target.ts";

/** The last first: what was laid over something else comes off before it. Names what failed. */
export async function recoverAll(all: readonly Entry[], stage: Stage): Promise<readonly string[]> {
  await Promise.all(all.map(({ state, work }) => (state === "disrupting" ? work : undefined)));
  const failed: string[] = [];
  for (const entry of all.toSorted((a, b) => b.order - a.order)) {
    if (!(await recover(entry, stage))) failed.push(entry.name);
  }
  return failed;
}

/** Makes `entry` what the journal says of it; false when it says nothing. */
export function adopt(entry: Entry, stage: Stage): boolean {
  const record = stage.journal().left.find(({ target }) => target === entry.name);
  if (!record || entry.target.irreversible || entry.state !== "calm") return false;
  const { phase, undo, at: since } = record;
  const state: TargetState = "recovery-failed";
  Object.assign(entry, { state, undo, known: phase === "disrupted", left: true, since });
  stage.log.warn(`CHAOS: ${entry.name} was left by a process before this one`, { phase, since });
  return true;
}

export async function undoLeft(entries: ReadonlyMap<string, Entry>, stage: Stage): Promise<void> {
  for (const { target, phase, at } of stage.journal().left.toReversed()) {
    const entry = entries.get(target);
    if (entry && adopt(entry, stage)) await recover(entry, stage);
    if (entry && !entry.target.irreversible) continue;
    const text = `CHAOS: ${target} was left disrupted, and no such target is registered`;
    stage.log.error(`${text}: it is taken back when it is`, { phase, at });
  }
}
