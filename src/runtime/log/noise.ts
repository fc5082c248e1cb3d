// Loggers whose errors nobody is called for; how many were passed over is told from time to time.

import { createAlarm } from "../../kernel/alarm.ts";
import type { Clock } from "../../kernel/clock.ts";

export interface Noise {
  /** The name covers what stands beneath it: `pika` also means `pika.connection`. */
  ignore(name: string): Disposable;
  /** Whether an error of this logger is passed over; counts it when it is. */
  passesOver(logger: string): boolean;
  /** How many errors were passed over since the start, by the name that was ignored. */
  counts(): Readonly<Record<string, number>>;
  close(): void;
}

const mostNames = 1_000;

export function createNoise(options: {
  readonly clock: Clock;
  readonly summaryMs: number;
  /** Called with what was passed over since the last time. */
  readonly tell: (counts: Readonly<Record<string, number>>) => void;
}): Noise {
  const ignored = new Map<string, number>();
  const total = new Map<string, number>();
  let since = new Map<string, number>();
  let waiting = false;

  const summary = createAlarm(options.clock, () => {
    waiting = false;
    const counts = Object.fromEntries(since);
    since = new Map();
    options.tell(counts);
  });
  const count = (name: string): void => {
    total.set(name, (total.get(name) ?? 0) + 1);
    since.set(name, (since.get(name) ?? 0) + 1);
    if (waiting) return;
    waiting = true;
    summary.ringIn(options.summaryMs);
  };

  return {
    ignore: (name) => {
      let held = ignored.has(name) || ignored.size < mostNames;
      if (held) ignored.set(name, (ignored.get(name) ?? 0) + 1);
      return {
        [Symbol.dispose]: () => {
          if (!held) return;
          held = false;
          const left = (ignored.get(name) ?? 1) - 1;
          if (left > 0) ignored.set(name, left);
          else ignored.delete(name);
        },
      };
    },
    passesOver: (logger) => {
      if (ignored.size === 0) return false;
      for (
        let name = logger;
        name !== "";
        name = name.slice(0, Math.max(0, name.lastIndexOf(".")))
      ) {
        if (!ignored.has(name)) continue;
        count(name);
        return true;
      }
      return false;
    },
    counts: () => Object.fromEntries(total),
    close: () => summary.off(),
  };
}
