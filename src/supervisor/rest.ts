// The rest of a run when its leader has ended: its group, and what has left that group.
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Found, Platform } from "../platforms/platform.ts";

/** Finds the processes of a run that are not of the group of this pid. */
export type Strays = (run: string, leaderPid: number) => Promise<readonly Found[]>;

export interface RestOptions {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly strays?: Strays;
}

export interface Rest {
  readonly pid: number;
  groupAlive(): boolean;
  killGroup(): void;
  strays(): Promise<readonly Found[]>;
  tell(strays: readonly Found[], signal: NodeJS.Signals): void;
}

/** How long the kernel may take to tear a killed group down. */
const reapMs = 5_000;
const pollMs = 10;

export function restOf(
  { platform, log, strays = async () => [] }: RestOptions,
  { identity, run }: { readonly identity: ProcessIdentity; readonly run: string },
): Rest {
  const { pid } = identity;
  return {
    pid,
    groupAlive: () => platform.groupAlive(identity),
    killGroup: () => void platform.signalGroup(identity, "SIGKILL"),
    strays: () => strays(run, pid),
    tell: (all, signal) => {
      for (const { identity: stray } of all) {
        try {
          platform.signal(stray, signal);
        } catch (error) {
          const reason = messageOf(error);
          log.error("what a process left behind cannot be told to end", { pid, signal, reason });
        }
      }
    },
  };
}

/**
 * Waits until nothing of a run is left. What was told to end has its time for that, though its leader
 * was faster; what a process that died by itself has left is killed at once, and what of it is in
 * other groups is swept by and by, because the next start must not wait.
 */
export async function clearRest(
  { clock, log }: RestOptions,
  rest: Rest,
  toldToEnd: () => { readonly signal: NodeJS.Signals; readonly killAtMs: () => number } | undefined,
): Promise<void> {
  const { pid } = rest;
  try {
    let killedMs: number | undefined;
    const isLate = (): boolean => {
      if (clock.now() < (toldToEnd()?.killAtMs() ?? 0)) return false;
      killedMs ??= clock.now();
      if (clock.now() - killedMs > reapMs) throw new Error(`still there after ${reapMs} ms`);
      return true;
    };
    while (rest.groupAlive()) {
      if (isLate()) rest.killGroup();
      await clock.sleep(pollMs);
    }
    const signal = toldToEnd()?.signal;
    if (!signal) return;
    // They may have served it until now: they are told when it has gone.
    let told: NodeJS.Signals | undefined;
    for (let left = await rest.strays(); left.length > 0; left = await rest.strays()) {
      const next = isLate() ? "SIGKILL" : signal;
      if (next !== told || next === "SIGKILL") rest.tell(left, next);
      told = next;
      await clock.sleep(pollMs);
    }
  } catch (error) {
    // Its leader has ended all the same, and that has to be told.
    log.error("what a process left behind does not end", { pid, reason: messageOf(error) });
  }
}
