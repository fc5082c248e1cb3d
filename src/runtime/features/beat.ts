// Work that is done again and again and never keeps the process alive.
import type { Clock } from "../../kernel/clock.ts";
import { pulseOf } from "../../kernel/pulse.ts";

/** `work` may not throw; missed turns are left out. */
export function createBeat(clock: Clock, everyMs: number, work: () => void): Disposable {
  let over = false;
  const beat = pulseOf(clock).beat(() => {
    if (over) return;
    work();
    beat.next(everyMs);
  });
  beat.hold(false);
  beat.next(everyMs);
  return {
    [Symbol.dispose]: () => {
      over = true;
    },
  };
}
