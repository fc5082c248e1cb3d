// A source that runs on the real clock, and what it has emitted so far.
import type { TestContext } from "node:test";
import { systemClock } from "../../../src/kernel/clock.ts";
import { silentLog } from "../../../src/kernel/log.ts";
import type { Reading } from "../../../src/model/reading.ts";
import type { Source } from "../../../src/sources/source.ts";
import { until } from "./project.ts";

export interface Heard {
  readonly readings: readonly Reading[];
  /** Waits for a reading of this metric that fits, whose target is "web". */
  find(metric: string | RegExp, fits?: (it: Reading) => boolean): Promise<Reading>;
}

export function hear(t: TestContext, source: Source): Heard {
  const readings: Reading[] = [];
  const stop = new AbortController();
  const emit = (all: readonly Reading[]): void => void readings.push(...all);
  const ended = source.start({ signal: stop.signal, clock: systemClock, log: silentLog, emit });
  t.after(async () => {
    stop.abort();
    await ended;
  });
  return {
    readings,
    find: (metric, fits = () => true) =>
      until(`a reading of ${metric}`, 20_000, async () =>
        readings.find((it) => {
          const isIt = typeof metric === "string" ? it.metric === metric : metric.test(it.metric);
          return isIt && it.target === "web" && fits(it);
        }),
      ),
  };
}
