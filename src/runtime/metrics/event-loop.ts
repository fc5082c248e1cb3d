// How late the event loop is and how busy, since it was last asked; and how long collections took.
import {
  constants,
  type EventLoopUtilization,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";

/** Seconds by which timers fired late. */
export interface LoopDelay {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface EventLoop extends Disposable {
  /** Undefined until the loop was looked at. */
  delay(): LoopDelay | undefined;
  /** Share of the time in which the loop had work, 0…1. */
  utilization(): number;
  /** Begins a new window. */
  reset(): void;
}

/** Watches the loop by a timer of Node's own, which keeps no process alive; `resolutionMs` apart. */
export function watchEventLoop(resolutionMs: number): EventLoop {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let since: EventLoopUtilization = performance.eventLoopUtilization();
  // Node tells the time between two ticks, the wait itself included: that part is no delay.
  const late = (ns: number): number => Math.max(0, ns / 1e9 - resolutionMs / 1e3);
  return {
    delay: () => {
      if (histogram.count === 0) return undefined;
      return {
        min: late(histogram.min),
        max: late(histogram.max),
        mean: late(histogram.mean),
        stddev: histogram.stddev / 1e9,
        p50: late(histogram.percentile(50)),
        p90: late(histogram.percentile(90)),
        p99: late(histogram.percentile(99)),
      };
    },
    utilization: () => performance.eventLoopUtilization(since).utilization,
    reset: () => {
      histogram.reset();
      since = performance.eventLoopUtilization();
    },
    [Symbol.dispose]: () => void histogram.disable(),
  };
}

/** Tells each garbage collection: its kind and how many seconds it took. */
export function watchCollections(tell: (kind: string, seconds: number) => void): Disposable {
  const kinds: ReadonlyMap<number, string> = new Map([
    [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
    [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
  ]);
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // The types of Node leave out what an entry of this kind carries.
      const { detail } = entry as PerformanceEntry & {
        readonly detail?: { readonly kind?: number };
      };
      tell(kinds.get(detail?.kind ?? -1) ?? "other", entry.duration / 1e3);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return { [Symbol.dispose]: () => observer.disconnect() };
}
