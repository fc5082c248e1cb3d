// A clock that a test moves by hand: no real time passes, timers fire in order of their due time.
import type { Clock } from "../kernel/clock.ts";
import { cancelled } from "../kernel/errors.ts";

export interface SimClock extends Clock {
  /** Moves time on by `ms`, firing each due sleep and letting what it woke run in between. */
  advance(ms: number): Promise<void>;
  /** How many sleeps are pending. */
  readonly pending: number;
}

interface Sleep {
  readonly due: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Starts at `startMs` (0); `wall()` is `startMs` plus an epoch of 2026-01-01T00:00:00Z. */
export function simClock(startMs = 0): SimClock {
  const epoch = 1_767_225_600_000;
  let now = startMs;
  let order = 0;
  let sleeps: Sleep[] = [];

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled(signal.reason));
      const onAbort = (): void => {
        sleeps = sleeps.filter((other) => other !== entry);
        reject(cancelled(signal?.reason));
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const entry = { due: now + Math.max(0, ms), order: order++, wake };
      signal?.addEventListener("abort", onAbort, { once: true });
      sleeps.push(entry);
    });

  const advance = async (ms: number): Promise<void> => {
    const end = now + ms;
    for (;;) {
      await settled();
      const next = sleeps.toSorted((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next || next.due > end) break;
      now = Math.max(now, next.due);
      sleeps = sleeps.filter((other) => other !== next);
      next.wake();
    }
    now = end;
    await settled();
  };

  return {
    now: () => now,
    wall: () => epoch + now,
    sleep,
    advance,
    get pending() {
      return sleeps.length;
    },
  };
}

/** One turn of the event loop: all promise reactions that are ready have run by then. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
