// What strategies need of the event loop beyond a clock: one-shot calls, a beat, and a turn after I/O.
import { type Clock, longestTimerMs, systemClock } from "./clock.ts";

/** A timer that is wound up again for each of its ticks. */
export interface Beat {
  /** Calls the work once more, so many milliseconds from now. */
  next(ms: number): void;
  /** Whether a tick that is due keeps the process alive. */
  hold(on: boolean): void;
}

export interface Pulse {
  /** True when reading the clock costs so much that a tick's reading is worth keeping. */
  readonly coarse: boolean;
  /** Calls `work` after `ms` milliseconds; the answer cancels it. */
  after(ms: number, work: () => void): () => void;
  beat(work: () => void): Beat;
  /** Calls `work` when the I/O that is ready by now has been handled. */
  afterIo(work: () => void): void;
}

const systemPulse: Pulse = {
  coarse: true,
  after: (ms, work) => {
    let leftMs = ms;
    const wait = (): NodeJS.Timeout => {
      const partMs = Math.min(leftMs, longestTimerMs);
      leftMs -= partMs;
      return setTimeout(() => {
        if (leftMs > 0) timer = wait();
        else work();
      }, partMs);
    };
    let timer = wait();
    return () => clearTimeout(timer);
  },
  beat: (work) => {
    let timer: NodeJS.Timeout | undefined;
    let held = true;
    return {
      next: (ms) => {
        // Not refreshed: a timer that fired and is refreshed later no longer keeps the process alive.
        timer = setTimeout(work, ms);
        if (!held) timer.unref();
      },
      hold: (on) => {
        if (on === held) return;
        held = on;
        if (on) timer?.ref();
        else timer?.unref();
      },
    };
  },
  afterIo: (work) => {
    setImmediate(work);
  },
};

/** A clock that a test moves has no event loop behind it: sleeps are all there is. */
function sleepingPulse(clock: Clock): Pulse {
  return {
    coarse: false,
    after: (ms, work) => {
      const cancel = new AbortController();
      clock.sleep(ms, cancel.signal).then(work, () => {});
      return () => cancel.abort();
    },
    beat: (work) => ({
      next: (ms) => void clock.sleep(ms).then(work),
      hold: () => {},
    }),
    afterIo: (work) => work(),
  };
}

/** The pulse of the real event loop for the system's clock, of sleeps for any other. */
export function pulseOf(clock: Clock): Pulse {
  return clock === systemClock ? systemPulse : sleepingPulse(clock);
}
