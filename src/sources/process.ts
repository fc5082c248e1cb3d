// Reads CPU, memory, descriptors and threads of the running instances at a steady interval.
import { every } from "../kernel/clock.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import type { Source } from "./source.ts";

/** What is asked of the platform. */
export interface ProcessFigures {
  /** CPU time used since it started, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly threads: number;
  readonly fds: number;
  /** Context switches of its first thread since it started. */
  readonly switches?: number;
  /** From and to disks since it started. */
  readonly readBytes?: number;
  readonly writtenBytes?: number;
}

export interface MeasuredInstance {
  readonly target: Target;
  readonly identity: ProcessIdentity;
}

export interface ProcessSourceOptions {
  /** The instances that run now; asked at each interval. */
  readonly instances: () => readonly MeasuredInstance[];
  /** Undefined when the process has ended. */
  readonly figures: (identity: ProcessIdentity) => ProcessFigures | undefined;
  readonly intervalMs: number;
}

interface Sample {
  readonly figures: ProcessFigures;
  readonly atMs: number;
}

/** A process that has ended yields no reading: no data is not a value. */
export function processSource(options: ProcessSourceOptions): Source {
  return {
    name: "process",
    start: async ({ clock, signal, emit }) => {
      let samples: ReadonlyMap<string, Sample> = new Map();
      await every(clock, options.intervalMs, signal, () => {
        const now = clock.now();
        const next = new Map<string, Sample>();
        const readings: Reading[] = [];
        for (const { target, identity } of options.instances()) {
          const figures = options.figures(identity);
          if (!figures) continue;
          // A new run of the instance is another process: its CPU time starts anew.
          const key = `${target} ${identity.pid} ${identity.startTicks} ${identity.bootId}`;
          next.set(key, { figures, atMs: now });
          readings.push(...readingsOf(target, figures, samples.get(key), now));
        }
        samples = next;
        if (readings.length > 0) emit(readings);
      });
    },
  };
}

function readingsOf(
  target: Target,
  figures: ProcessFigures,
  before: Sample | undefined,
  now: number,
): readonly Reading[] {
  const readings = [
    reading(target, metrics.rss, figures.rssBytes, now),
    reading(target, metrics.fds, figures.fds, now),
    reading(target, metrics.threads, figures.threads, now),
  ];
  if (!before || now <= before.atMs) return readings;
  const tookMs = now - before.atMs;
  const rate = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : Math.max(0, b - a) / tookMs;
  const was = before.figures;
  const rates = [
    [metrics.cpu, rate(was.cpuMs, figures.cpuMs)],
    [metrics.switches, perSecond(rate(was.switches, figures.switches))],
    [metrics.diskRead, perSecond(rate(was.readBytes, figures.readBytes))],
    [metrics.diskWritten, perSecond(rate(was.writtenBytes, figures.writtenBytes))],
  ] as const;
  for (const [metric, value] of rates) {
    if (value !== undefined) readings.push(reading(target, metric, value, now));
  }
  return readings;
}

function perSecond(perMs: number | undefined): number | undefined {
  return perMs === undefined ? undefined : perMs * 1_000;
}
