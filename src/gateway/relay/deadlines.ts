// Many deadlines on one timer: a request sets and drops its own without a timer of its own.
import type { Clock } from "../../kernel/clock.ts";

export interface Deadline {
  /** Moves the moment; on `clock`. */
  moveTo(dueAtMs: number): void;
  cancel(): void;
}

export interface Deadlines {
  /** Calls `fire` once, at `dueAtMs` or at most the resolution later. */
  add(dueAtMs: number, fire: () => void): Deadline;
}

interface Entry {
  dueAtMs: number;
  readonly fire: () => void;
}

/** The timer runs only while there is a deadline; each tick looks at all of them. */
export function createDeadlines(clock: Clock, resolutionMs = 20): Deadlines {
  const entries = new Set<Entry>();
  let ticking = false;

  const tick = async (): Promise<void> => {
    ticking = true;
    while (entries.size > 0) {
      await clock.sleep(resolutionMs);
      const now = clock.now();
      for (const entry of entries) {
        if (entry.dueAtMs > now) continue;
        entries.delete(entry);
        entry.fire();
      }
    }
    ticking = false;
  };

  return {
    add(dueAtMs, fire) {
      const entry: Entry = { dueAtMs, fire };
      entries.add(entry);
      if (!ticking) void tick();
      return {
        moveTo: (laterMs) => {
          entry.dueAtMs = laterMs;
        },
        cancel: () => {
          entries.delete(entry);
        },
      };
    },
  };
}
