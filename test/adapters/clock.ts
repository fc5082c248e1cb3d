// The time of the adapters: that of Date and setTimeout, which suites fake, in steps as fine as theirs.

import type { Clock } from "../../src/kernel/clock.ts";
import { cancelled } from "../../src/kernel/errors.ts";

export interface AdapterClockOptions {
  /**
   * Units of the clock in a millisecond; whoever uses it multiplies durations by it. Timeouts expire
   * by a tick of 10 units, and suites wait for single milliseconds: 5 makes a tick 2 ms. Default 1.
   */
  readonly grain?: number;
  /** Its timers do not keep the process alive. */
  readonly unref?: boolean;
}

/** For policies that stand under a suite of another library; what runs in earnest has `systemClock`. */
export function adapterClock({ grain = 1, unref = false }: AdapterClockOptions = {}): Clock {
  let wokenAt = -1;
  let target = 0;
  let awake = false;
  const now = (): number => {
    const ms = Date.now();
    return ms === wokenAt ? Math.max(ms * grain, target) : ms * grain;
  };
  const wake = (resolve: () => void, due: number): void => {
    // A timer may come up to 1 ms before Date has reached its time: it is its time none the less.
    const ms = Date.now();
    const ahead = due - ms * grain <= grain ? due : 0;
    target = ms === wokenAt ? Math.max(target, ahead) : ahead;
    wokenAt = ms;
    awake = true;
    resolve();
    queueMicrotask(() => {
      awake = false;
    });
  };
  const sleep = (units: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const due = now() + units;
      // The first of the ticks, which only stamps what was just added: it may come at once.
      if (signal === undefined && !awake) return queueMicrotask(() => wake(resolve, now()));
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        wake(resolve, due);
      }, units / grain);
      if (unref) timer.unref?.();
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(cancelled(signal?.reason));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  return { now, wall: now, sleep };
}
