// What must be the same: the fold of the journal and the live state, and a replay and the journal.
import { isDeepStrictEqual } from "node:util";
import { replay } from "../src/controller/replay.ts";
import type { Step } from "../src/controller/step.ts";
import { remembered, type Shell } from "./daemon.ts";
import { Breach } from "./invariants.ts";

export function sameState({ journal, mind }: Shell): void {
  const same = isDeepStrictEqual(remembered(journal), mind.state);
  if (!same) throw new Breach("the fold of the journal is another state than the one in memory");
}

export function sameReplay(shell: Shell, step: Step): void {
  const again = replay(step, shell.journal, shell.ticks, "town");
  if (!again.difference) return;
  const { seq, journal, replay: got } = again.difference;
  throw new Breach(`replay differs at ${seq}: journal ${journal}, replay ${got}`);
}
