// A wait that ends with a signal and keeps no process alive.
import { type Clock, longestTimerMs } from "../../kernel/clock.ts";
import { pulseOf } from "../../kernel/pulse.ts";

/** True after `ms` milliseconds (24.8 days at most), false when `signal` has aborted first. */
export function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const onAbort = (): void => resolve(false);
    const beat = pulseOf(clock).beat(() => {
      signal.removeEventListener("abort", onAbort);
      resolve(true);
    });
    beat.hold(false);
    signal.addEventListener("abort", onAbort, { once: true });
    beat.next(Math.min(Math.max(0, ms), longestTimerMs));
  });
}
