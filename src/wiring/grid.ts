// The moments at which work that comes again and again is done: all of it together, in one waking.
import type { Clock } from "../kernel/clock.ts";
import { cancelled } from "../kernel/errors.ts";
import { beatOf } from "../supervisor/beat.ts";

/** How often the loop ticks: nothing else that only comes round wakes the daemon in between. */
export const gridMs = 250;
/** A timer of Node counts whole milliseconds: what is due so soon is due now. */
const slackMs = 1;

/**
 * A clock whose sleeps end at the next moment of the grid: up to {@link gridMs} later than asked, and
 * as often. For what has its own rhythm, not for what somebody waits for.
 */
export function onGrid<C extends Clock>(clock: C, under: Clock): C {
  const beat = beatOf(under);
  const sleep: Clock["sleep"] = (ms, signal) => {
    if (ms <= 0) return under.sleep(0, signal);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled(signal.reason));
      const dueMs = Math.ceil((under.now() + ms - slackMs) / gridMs) * gridMs;
      const end = beat.at(dueMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = (): void => {
        end();
        reject(cancelled(signal?.reason));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  };
  return { ...clock, sleep };
}
