// The figures of the process itself under their usual names: CPU, memory, descriptors, loop, collections.
import type { Counter, Gauge, Histogram } from "../parts/metrics.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { exponentialBuckets } from "./buckets.ts";
import { type EventLoop, type LoopDelay, watchCollections, watchEventLoop } from "./event-loop.ts";
import type { AppMetrics } from "./metrics.ts";
import { type ProcessFacts, systemFacts } from "./process-facts.ts";

export interface ProcessMetricsOptions {
  /**
   * How often the loop is looked at; default 50 ms. Each look is a wake-up: every 20 ms costs a process
   * at rest 75 ms of CPU a minute.
   */
  readonly resolutionMs?: number;
  /** The loop's figures are of the time since the last reading, but of this long at least; 10,000 ms. */
  readonly windowMs?: number;
  readonly facts?: ProcessFacts;
  /** Default: watches this process's own. */
  readonly eventLoop?: EventLoop;
}

type Needed = Pick<AppMetrics, "counter" | "gauge" | "histogram" | "beforeText">;

/**
 * Adds `process_*` and `nodejs_*`, with the names that prom-client gives them. The delay of the
 * event loop is that beyond the tick of the watching timer, so an idle loop shows 0. Dispose of the
 * answer to end the watching; the last figures then stay.
 */
export function processMetrics(
  metrics: Needed,
  options: ProcessMetricsOptions & Partial<Surroundings> = {},
): Disposable {
  const { facts = systemFacts, resolutionMs = 50, windowMs = 10_000 } = options;
  const { clock } = surroundings(options);
  const eventLoop = options.eventLoop ?? watchEventLoop(resolutionMs);
  const collections = collectionPauses(metrics);
  const collecting = watchCollections((kind, seconds) => {
    collections.with({ kind }).observe(seconds);
  });
  standing(metrics, facts, clock.wall() / 1e3 - facts.upSeconds());
  const work = [
    cpuFigures(metrics, facts),
    memoryFigures(metrics, facts),
    systemFigures(metrics, facts),
    loopFigures(metrics, eventLoop, windowMs, () => clock.now()),
  ];
  const before = metrics.beforeText(async function processFigures() {
    await Promise.all(work.map((one) => one()));
  });
  return {
    [Symbol.dispose]: () => {
      before[Symbol.dispose]();
      collecting[Symbol.dispose]();
      eventLoop[Symbol.dispose]();
    },
  };
}

function collectionPauses(metrics: Needed): Histogram {
  return metrics.histogram("nodejs_gc_duration_seconds", {
    help: "Garbage collection pauses, by kind",
    unit: "seconds",
    buckets: exponentialBuckets(0.0005, 4, 8),
  });
}

/** What does not change while the process runs. */
function standing(metrics: Needed, { nodeVersion }: ProcessFacts, startSeconds: number): void {
  const help = "Start of the process, in seconds since the Unix epoch";
  const start = metrics.gauge("process_start_time_seconds", { help, unit: "seconds" });
  start.set(Math.round(startSeconds * 1e3) / 1e3);
  const [major = "", minor = "", patch = ""] = nodeVersion.replace(/^v/, "").split(".");
  metrics
    .gauge("nodejs_version_info", { help: "Version of Node.js" })
    .with({ version: nodeVersion, major, minor, patch })
    .set(1);
}

function cpuFigures(metrics: Needed, facts: ProcessFacts): () => void {
  const seconds = (name: string, what: string): Counter =>
    metrics.counter(name, { help: `CPU time${what}`, unit: "seconds" });
  const all = seconds("process_cpu_seconds_total", ", user and system");
  const user = seconds("process_cpu_user_seconds_total", " in user mode");
  const system = seconds("process_cpu_system_seconds_total", " in the kernel");
  let told = { user: 0, system: 0 };
  return () => {
    const now = facts.cpu();
    const inUser = Math.max(0, now.user - told.user) / 1e6;
    const inSystem = Math.max(0, now.system - told.system) / 1e6;
    told = { user: now.user, system: now.system };
    user.add(inUser);
    system.add(inSystem);
    all.add(inUser + inSystem);
  };
}

function memoryFigures(metrics: Needed, facts: ProcessFacts): () => void {
  const bytes = (name: string, help: string): Gauge => metrics.gauge(name, { help, unit: "bytes" });
  const resident = bytes("process_resident_memory_bytes", "Resident memory");
  const total = bytes("nodejs_heap_size_total_bytes", "Heap that V8 holds");
  const used = bytes("nodejs_heap_size_used_bytes", "Heap in use");
  const limit = bytes("nodejs_heap_size_limit_bytes", "Heap beyond which the process dies");
  const external = bytes("nodejs_external_memory_bytes", "Memory of objects outside the heap");
  const buffers = bytes("nodejs_array_buffers_bytes", "Memory of array buffers");
  const spaces = bytes("nodejs_heap_space_size_used_bytes", "Heap in use, by space");
  return () => {
    const memory = facts.memory();
    resident.set(memory.rss);
    total.set(memory.heapTotal);
    used.set(memory.heapUsed);
    external.set(memory.external);
    buffers.set(memory.arrayBuffers);
    limit.set(facts.heapLimitBytes());
    for (const { space_name, space_used_size } of facts.heapSpaces()) {
      spaces.with({ space: space_name.replace(/_space$/, "") }).set(space_used_size);
    }
  };
}

function systemFigures(metrics: Needed, facts: ProcessFacts): () => Promise<void> {
  const open = metrics.gauge("process_open_fds", { help: "Open file descriptors" });
  const most = metrics.gauge("process_max_fds", { help: "File descriptors it may open" });
  const help = "Virtual memory";
  const virtual = metrics.gauge("process_virtual_memory_bytes", { help, unit: "bytes" });
  return async () => {
    const readings = [facts.openFds(), facts.maxFds(), facts.virtualBytes()];
    const values = await Promise.all(readings);
    [open, most, virtual].forEach((gauge, i) => {
      const value = values[i];
      if (value !== undefined) gauge.set(value);
    });
  };
}

function loopFigures(
  metrics: Needed,
  loop: EventLoop,
  windowMs: number,
  now: () => number,
): () => void {
  const lag = (which: string): Gauge => {
    const help = `Event loop delay, ${which}, since the last reading`;
    return metrics.gauge(`nodejs_eventloop_lag_${which}_seconds`, { help, unit: "seconds" });
  };
  const figures: readonly (readonly [keyof LoopDelay, Gauge])[] = (
    ["min", "max", "mean", "stddev", "p50", "p90", "p99"] as const
  ).map((which) => [which, lag(which)]);
  const busy = metrics.gauge("nodejs_eventloop_utilization_ratio", {
    help: "Share of the time in which the event loop had work",
    unit: "ratio",
  });
  let since = now();
  return () => {
    const delay = loop.delay();
    if (delay) for (const [which, gauge] of figures) gauge.set(delay[which]);
    busy.set(loop.utilization());
    // Two scrapers that ask one after the other should see the same window.
    if (now() - since < windowMs) return;
    since = now();
    loop.reset();
  };
}
