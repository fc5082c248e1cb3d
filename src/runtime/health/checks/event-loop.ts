// Checks that the event loop turns: how late its timers were since the last look.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { above, anything, checkOptions } from "../../../policies/options.ts";
import type { Check, CheckAnswer } from "../../parts/health.ts";

/** Delays in milliseconds since the last reset; 0 samples say nothing. */
export interface Delays extends Partial<Disposable> {
  readonly count: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  reset(): void;
}

export interface EventLoopCheckOptions {
  /** Degraded when one timer in a hundred was so late. Default 100. */
  readonly degradedMs?: number;
  /** Unhealthy when one in a hundred was so late; degraded when a single one was. Default 1,000. */
  readonly unhealthyMs?: number;
  /** Default: `monitorEventLoopDelay` of Node, begun when the check is made. */
  readonly delays?: Delays;
}

/** Fewer say little of one in a hundred: a single pause for the garbage would be an alarm. */
const fewest = 20;

/** The sampling ends when the check is disposed, which its registration does. */
export function eventLoopCheck(options: EventLoopCheckOptions = {}): Check & Disposable {
  checkOptions("event loop check", options, {
    degradedMs: above(0),
    unhealthyMs: above(0),
    delays: anything,
  });
  const { degradedMs = 100, unhealthyMs = 1_000, delays = monitored() } = options;
  const check = (): CheckAnswer => {
    const { count, p99Ms, maxMs } = delays;
    delays.reset();
    if (count < fewest) return true;
    const reason = `timers were late by ${Math.round(p99Ms)} ms (one in a hundred), ${Math.round(maxMs)} ms at most`;
    if (p99Ms >= unhealthyMs) return { status: "unhealthy", reason };
    if (p99Ms >= degradedMs || maxMs >= unhealthyMs) return { status: "degraded", reason };
    return true;
  };
  return Object.assign(check, { [Symbol.dispose]: () => delays[Symbol.dispose]?.() });
}

/** Node's histogram holds the time from tick to tick; what is over the resolution is the delay. */
const resolutionMs = 20;

function monitored(): Delays {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  return {
    get count() {
      return histogram.count;
    },
    get p99Ms() {
      return late(histogram.percentile(99));
    },
    get maxMs() {
      return late(histogram.max);
    },
    reset: () => histogram.reset(),
    [Symbol.dispose]: () => void histogram.disable(),
  };
}
