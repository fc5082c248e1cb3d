// Processes of Homeostat itself beside the daemon: started, found by their marks, and ended.
import { basename } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { randomId } from "../kernel/ids.ts";
import type { Random } from "../kernel/random.ts";
import type { Target } from "../model/target.ts";
import { isAlive, signalProcess } from "./linux-group.ts";
import { scanMarked } from "./linux-scan.ts";
import { spawnMarked } from "./linux-spawn.ts";
import type { Found, StartSpec } from "./platform.ts";

const stopMs = 2_000;
const pollMs = 10;

/** From one question whether it is there to the next. */
const askMs = 5;

/**
 * Starts one and asks until it answers. Undefined when `signal` has aborted before that.
 * @throws when it cannot be started, ends before, or is silent for `answerMs`: then it is ended.
 */
export async function startOurs<T>(
  spec: Omit<StartSpec, "run">,
  how: {
    readonly clock: Clock;
    readonly random: Random;
    readonly signal: AbortSignal;
    readonly answerMs: number;
  },
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const { clock, random, signal, answerMs } = how;
  const { identity, child } = await spawnMarked({ ...spec, run: randomId(random) });
  const life = { over: false };
  child.once("exit", () => {
    life.over = true;
  });
  const name = basename(spec.command[0] ?? "");
  const untilMs = clock.now() + answerMs;
  while (!signal.aborted) {
    await clock.sleep(askMs);
    const { over } = life;
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (over) throw new Error(`${name} ended before it answered, see ${spec.logFile}`);
    if (clock.now() <= untilMs) continue;
    signalProcess(identity, "SIGKILL");
    throw new Error(`${name} did not answer within ${answerMs} ms, see ${spec.logFile}`);
  }
  return undefined;
}

export function oursOf(project: string, ...targets: readonly Target[]): readonly Found[] {
  return scanMarked(project).filter((found) => targets.includes(found.target));
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
