// A one-shot timer that can be put off and never keeps the process alive.
import type { Clock } from "../../kernel/clock.ts";
import { pulseOf } from "../../kernel/pulse.ts";

export interface Alarm {
  /** Rings once, so many milliseconds from now; an earlier order is forgotten. */
  ringIn(ms: number): void;
  off(): void;
}

/** A timer of Node fires at once when it is told to wait longer: 2^31 - 1 ms, 24.8 days. */
const longestMs = 2_147_483_647;

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  const pulse = pulseOf(clock);
  let order = 0;
  const wait = (mine: number, dueAt: number): void => {
    const beat = pulse.beat(() => {
      if (mine !== order) return;
      if (clock.now() < dueAt) wait(mine, dueAt);
      else ring();
    });
    beat.hold(false);
    beat.next(Math.min(longestMs, Math.max(0, Math.ceil(dueAt - clock.now()))));
  };
  return {
    ringIn: (ms) => {
      order += 1;
      wait(order, clock.now() + ms);
    },
    off: () => {
      order += 1;
    },
  };
}
