// A timer that can be put off and off, on whatever clock, and that keeps no process alive.
import type { Clock } from "../../kernel/clock.ts";
import { pulseOf } from "../../kernel/pulse.ts";

export interface Alarm {
  /** Calls the work once, `ms` milliseconds from now; what was set before is forgotten. */
  set(ms: number): void;
  clear(): void;
}

export function createAlarm(clock: Clock, work: () => void): Alarm {
  let dueAt = Number.POSITIVE_INFINITY;
  /** When the timer fires that is under way; a later due time waits for it and goes on. */
  let wakesAt = Number.POSITIVE_INFINITY;
  const beat = pulseOf(clock).beat(() => {
    wakesAt = Number.POSITIVE_INFINITY;
    const leftMs = dueAt - clock.now();
    if (leftMs > 0) {
      if (Number.isFinite(leftMs)) wake(leftMs);
      return;
    }
    dueAt = Number.POSITIVE_INFINITY;
    work();
  });
  beat.hold(false);
  const wake = (ms: number): void => {
    wakesAt = clock.now() + ms;
    beat.next(ms);
  };
  return {
    set: (ms) => {
      dueAt = clock.now() + ms;
      if (dueAt < wakesAt) wake(ms);
    },
    clear: () => {
      dueAt = Number.POSITIVE_INFINITY;
    },
  };
}
