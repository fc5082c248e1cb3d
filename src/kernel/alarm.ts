// A one-shot timer that can be put off and off, on whatever clock, and that keeps no process alive.
import { type Clock, longestTimerMs } from "./clock.ts";
import { pulseOf } from "./pulse.ts";

export interface Alarm {
  /** Rings once, so many milliseconds from now; an earlier order is forgotten. */
  ringIn(ms: number): void;
  off(): void;
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let dueAt = Number.POSITIVE_INFINITY;
  /** When the timer fires that is under way; a later due time waits for it and goes on. */
  let wakesAt = Number.POSITIVE_INFINITY;
  const beat = pulseOf(clock).beat(() => {
    wakesAt = Number.POSITIVE_INFINITY;
    if (!Number.isFinite(dueAt)) return;
    const leftMs = dueAt - clock.now();
    if (leftMs > 0) return wake(leftMs);
    dueAt = Number.POSITIVE_INFINITY;
    ring();
  });
  beat.hold(false);
  const wake = (ms: number): void => {
    const nextMs = Math.min(longestTimerMs, Math.max(0, Math.ceil(ms)));
    wakesAt = clock.now() + nextMs;
    beat.next(nextMs);
  };
  return {
    ringIn: (ms) => {
      dueAt = clock.now() + ms;
      if (dueAt < wakesAt) wake(ms);
    },
    off: () => {
      dueAt = Number.POSITIVE_INFINITY;
    },
  };
}
