// What the tests of receivers share: a desk on a simulated clock, and what it emitted.
import { createLog, formatJson, type Log } from "../../src/kernel/log.ts";
import type { Reading } from "../../src/model/reading.ts";
import type { IntakeOptions } from "../../src/sources/foreign/intake.ts";
import { type SimClock, simClock } from "../../src/testing/sim-clock.ts";

export const foreign: IntakeOptions = {
  known: new Set(["web", "cart"]),
  services: { "cart-api": "cart" },
  metrics: [],
  labels: {},
  seriesMax: 1_000,
  keepsUnmapped: false,
};

export interface World {
  readonly clock: SimClock;
  readonly log: Log;
  readonly emit: (readings: readonly Reading[]) => void;
  readonly signal: AbortSignal;
  /** Lines of the log. */
  readonly lines: readonly string[];
  /** What was emitted since it was last asked, `target metric` → value. */
  values(): Record<string, number>;
  readings(): readonly Reading[];
}

export function world(): World {
  const clock = simClock(1_000_000);
  const lines: string[] = [];
  let emitted: Reading[] = [];
  const write: Parameters<typeof createLog>[0]["write"] = (entry) => lines.push(formatJson(entry));
  const readings = (): readonly Reading[] => {
    const all = emitted;
    emitted = [];
    return all;
  };
  return {
    clock,
    log: createLog({ level: "debug", wall: clock.wall, write }),
    emit: (all) => void emitted.push(...all),
    signal: new AbortController().signal,
    lines,
    readings,
    values: () => {
      const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
      return Object.fromEntries(
        readings().map(({ target, metric, value }) => [`${target} ${metric}`, rounded(value)]),
      );
    },
  };
}
