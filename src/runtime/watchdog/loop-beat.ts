// When an interval loop has been silent for too long; time in which this process stood still is not held against it.
import { called, checkOptions, count, finiteAbove } from "../../policies/options.ts";

export interface LoopOptions {
  /** Milliseconds from one turn of the loop to the next. */
  readonly everyMs: number;
  /** So many turns may be missed before it is lost. Default 3. */
  readonly missed?: number;
  /**
   * Drives the loop, now and at each restart; needed for the policy "restart". Its signal aborts when
   * the loop is replaced, disposed of, or the app stops.
   */
  readonly start?: (beat: () => void, signal: AbortSignal) => unknown;
}

export interface Heartbeat {
  readonly allowedMs: number;
  beat(nowMs: number): void;
  /** Before now `ms` passed in which nobody could have beaten. */
  credit(ms: number, nowMs: number): void;
  silentMs(nowMs: number): number;
  /** When it will have been silent for too long. */
  readonly dueAt: number;
}

export function heartbeat({ everyMs, missed = 3 }: LoopOptions, nowMs: number): Heartbeat {
  let lastAt = nowMs;
  return {
    allowedMs: everyMs * missed,
    beat: (now) => {
      lastAt = now;
    },
    credit: (ms, now) => {
      lastAt = Math.min(now, lastAt + ms);
    },
    silentMs: (now) => now - lastAt,
    get dueAt() {
      return lastAt + everyMs * missed;
    },
  };
}

/** @throws OPTION_INVALID */
export function checkLoop(name: string, options: LoopOptions): void {
  checkOptions<LoopOptions>(`watchdog: loop ${name}`, options, {
    everyMs: finiteAbove(0),
    missed: count(1),
    start: called,
  });
}
