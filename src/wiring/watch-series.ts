// Watches what services show for what is unusual; what was learnt of them outlives the daemon.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Loop } from "../controller/loop.ts";
import { adaptive } from "../detectors/series/adaptive.ts";
import { type ServiceWatch, watchServices } from "../detectors/series/service-watch.ts";
import { createWatch, type Watch, type WatchedSeries } from "../detectors/series/watch.ts";
import { type Clock, every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { localMs } from "../kernel/zone.ts";
import type { Policy } from "../model/policy.ts";
import { metrics } from "../model/reading.ts";
import { serviceOf } from "../model/target.ts";

export interface SeriesWatching extends Pick<ServiceWatch, "take"> {
  /** Hears what happens to services, and writes down what is learnt, until `signal` aborts. */
  run(loop: Pick<Loop, "subscribe">, signal: AbortSignal): void;
}

export interface SeriesWatchingOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stateFolder: string;
  readonly policy: Policy;
}

/** Metrics that are watched, and how they are called in sentences. */
const watched: ReadonlyMap<string, string> = new Map([
  [metrics.requests.name, "requests"],
  [metrics.errors.name, "share of failed requests"],
  [metrics.p50.name, "p50"],
  [metrics.p95.name, "p95"],
  [metrics.cpu.name, "CPU"],
  [metrics.rss.name, "memory"],
  [metrics.fds.name, "descriptors"],
  [metrics.appLoopDelay.name, "event loop delay"],
  [metrics.appHeap.name, "heap"],
  ["spans.requests", "traced requests"],
  ["spans.errors", "share of failed traces"],
  ["spans.p95", "p95 of traces"],
]);

/** A start reads files, compiles code and fills caches: that is no usual minute. */
const settleMs = 60_000;
/** A killed daemon forgets so much of what it learnt. */
const keepMs = 10 * 60_000;
const seriesMax = 10_000;

/** Undefined when no service wants to be watched so. */
export function watchSeries(options: SeriesWatchingOptions): SeriesWatching | undefined {
  const { clock, log, stateFolder, policy } = options;
  const budgets = budgetsOf(policy);
  if (budgets.size === 0) return undefined;
  const file = join(stateFolder, "series.models");
  const model = adaptive();
  const watch = createWatch({
    model,
    // Who bears fewer has a detector that waits for more.
    budget: Math.max(...budgets.values()),
    maxSeries: seriesMax,
    wallMs: (atMs) => localMs(clock.wall() - clock.now() + atMs),
    label: (metric) => watched.get(metric) ?? metric,
  });
  const of = `${model.name} ${model.size}`;
  const services = watchServices({
    watch,
    watched: new Set(watched.keys()),
    services: new Set(budgets.keys()),
  });
  let isRestored = false;
  /** With the first readings: a start takes over what runs before it reads what is not urgent. */
  const restore = (): void => {
    if (!isRestored) watch.restore(readBlocks(file, of, log));
    isRestored = true;
  };
  const keep = (): void => {
    try {
      if (isRestored) writeBlocks(file, of, watch);
    } catch (error) {
      log.warn("what was learnt of series is not kept", { reason: messageOf(error) });
    }
  };
  return {
    take: (readings) => {
      restore();
      return services.take(readings);
    },
    run(loop, signal) {
      loop.subscribe((events) => {
        for (const { type, subject } of events) {
          if (type !== "instance.started" && type !== "instance.exited") continue;
          services.unsettle(serviceOf(subject), clock.now() + settleMs);
        }
      });
      // In that very turn: an upgrade leaves no other one.
      signal.addEventListener("abort", keep, { once: true });
      void every(clock, keepMs, signal, keep);
    },
  };
}

/** What each service that is watched bears a month. */
function budgetsOf({ services }: Policy): ReadonlyMap<string, number> {
  const all = Object.values(services).filter(({ external }) => !external);
  return new Map(
    all.flatMap(({ name, limits: { unusualPerMonth = 1 } }) =>
      unusualPerMonth > 0 ? [[name, unusualPerMonth] as const] : [],
    ),
  );
}

interface Header {
  /** Model and size of its blocks: what another version wrote is not understood. */
  readonly of: string;
  readonly series: readonly (readonly [target: string, metric: string])[];
}

/** A line that says whose the blocks are, and the blocks as they are in memory. */
function writeBlocks(file: string, of: string, watch: Watch): void {
  const all = watch.snapshot();
  if (all.length === 0) return;
  const header: Header = { of, series: all.map(({ target, metric }) => [target, metric]) };
  const blocks = all.map(({ block: { buffer, byteOffset, byteLength } }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  const aside = `${file}.new`;
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...blocks]);
  writeFileSync(aside, bytes, { mode: 0o600 });
  renameSync(aside, file);
}

/** Nothing where there is nothing, or another version's: it learns anew. */
function readBlocks(file: string, of: string, log: Log): readonly WatchedSeries[] {
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf("\n");
    const header: Partial<Header> = JSON.parse(bytes.toString("utf8", 0, end)) ?? {};
    const { series = [] } = header;
    const rest = bytes.subarray(end + 1);
    if (header.of !== of || series.length === 0) return [];
    const numbers = new Float64Array(new Uint8Array(rest).buffer);
    const size = numbers.length / series.length;
    return series.map(([target, metric], i) => {
      const block = numbers.slice(i * size, (i + 1) * size);
      return { target, metric, block };
    });
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isAbsent) {
      log.warn("what was learnt of series cannot be read: they are learnt anew", {
        ...{ file, reason: messageOf(error) },
      });
    }
    return [];
  }
}
