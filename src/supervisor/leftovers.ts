// What runs leave behind outside of their process group: found by their mark, and looked for together.
import { type Clock, turn } from "../kernel/clock.ts";
import type { Found, Platform } from "../platforms/platform.ts";

export interface Leftovers {
  /** Running processes of a run that are not of the group of this pid. */
  of(run: string, leaderPid: number): Promise<readonly Found[]>;
  /** Ends what belongs to no instance, in a moment: nothing waits for it. */
  sweepSoon(): void;
}

/** Looking through all processes takes some ms: who asks within this time is answered by one look. */
const gapMs = 20;
/** A process that has died is to run again first. */
const soonMs = 200;

export function createLeftovers(
  { platform, clock, project }: { platform: Platform; clock: Clock; project: string },
  sweep: () => void,
): Leftovers {
  let looking: Promise<readonly Found[]> | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let isDue = false;

  const look = async (): Promise<readonly Found[]> => {
    await turn();
    const agoMs = clock.now() - lookedAtMs;
    if (agoMs > 0 && agoMs < gapMs) await clock.sleep(gapMs - agoMs);
    looking = undefined;
    lookedAtMs = clock.now();
    return platform.scan(project);
  };
  return {
    of: async (run, leaderPid) => {
      looking ??= look();
      const all = await looking;
      return all.filter(
        (it) => it.run === run && it.identity.pid !== leaderPid && it.group !== leaderPid,
      );
    },
    sweepSoon: () => {
      if (isDue) return;
      isDue = true;
      void clock.sleep(soonMs).then(() => {
        isDue = false;
        sweep();
      });
    },
  };
}
