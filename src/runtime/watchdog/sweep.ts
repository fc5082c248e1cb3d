// The watchdog's own turn: looks at what ends without a word, and does not count time it slept through.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { pulseOf } from "../../kernel/pulse.ts";

export interface SweepOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from one turn to the next, at most. */
  readonly everyMs: number;
  /**
   * One turn; `creditMs` are those by which it comes too late because the process stood still.
   * Answers when, on the clock, the next is needed.
   */
  readonly work: (creditMs: number) => number;
}

/** A timer that is so late tells that this process itself stood still. */
const stallMs = 20;

const leastMs = 10;

/** Starts now; its timer does not keep the process alive. */
export function startSweep({ clock, log, everyMs, work }: SweepOptions): Disposable {
  let isOver = false;
  let dueAt = clock.now();

  const turn = (): void => {
    if (isOver) return;
    const lateMs = clock.now() - dueAt;
    let nextAt = Number.POSITIVE_INFINITY;
    try {
      nextAt = work(lateMs > stallMs ? lateMs : 0);
    } catch (error) {
      log.error(`a turn of the watchdog failed: ${messageOf(error)}`, { error });
    }
    const now = clock.now();
    dueAt = now + Math.max(leastMs, Math.min(everyMs, nextAt - now));
    beat.next(dueAt - now);
  };

  const beat = pulseOf(clock).beat(turn);
  beat.hold(false);
  turn();
  return {
    [Symbol.dispose]: () => {
      isOver = true;
    },
  };
}
