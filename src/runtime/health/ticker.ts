// Calls that are due later, all of them behind one timer that never keeps the process alive.
import type { Clock } from "../../kernel/clock.ts";
import { pulseOf } from "../../kernel/pulse.ts";

export interface Ticker {
  /**
   * Calls `work` after `ms` milliseconds and says how many milliseconds too late it is; the answer
   * cancels it. `work` must not throw.
   */
  after(ms: number, work: (lateMs: number) => void): () => void;
}

interface Due {
  readonly atMs: number;
  readonly work: (lateMs: number) => void;
}

/** Node's timers may fire so much before their time, measured with the monotonic clock. */
const earlyMs = 1;

export function createTicker(clock: Clock): Ticker {
  const waiting = new Set<Due>();
  let wakeAtMs = Number.POSITIVE_INFINITY;

  const wind = (): void => {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of waiting) nextMs = Math.min(nextMs, atMs);
    if (nextMs >= wakeAtMs) return;
    wakeAtMs = nextMs;
    beat.next(Math.max(0, Math.ceil(nextMs - clock.now())));
  };

  const tick = (): void => {
    const now = clock.now();
    // A timer that an earlier one has overtaken: nothing is due for it.
    if (now < wakeAtMs - earlyMs) return;
    // Nothing is wound while work adds its own: one timer for all of it, at the end.
    wakeAtMs = Number.NEGATIVE_INFINITY;
    for (const due of [...waiting]) {
      if (due.atMs > now + earlyMs || !waiting.delete(due)) continue;
      due.work(Math.max(0, now - due.atMs));
    }
    wakeAtMs = Number.POSITIVE_INFINITY;
    wind();
  };

  const beat = pulseOf(clock).beat(tick);
  beat.hold(false);

  return {
    after: (ms, work) => {
      const due = { atMs: clock.now() + ms, work };
      waiting.add(due);
      wind();
      return () => void waiting.delete(due);
    },
  };
}
