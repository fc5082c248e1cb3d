// Reads CPU, memory, descriptors and threads of the running instances at a steady interval.
import { every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import { type Metric, metrics, type Reading, reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import type { Source } from "./source.ts";

/** What is asked of the platform. */
export interface ProcessFigures {
  /** CPU time used since it started, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly threads: number;
  readonly fds: number;
  readonly fdsMost?: number;
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
  readonly identity: ProcessIdentity;
  figures: ProcessFigures;
  atMs: number;
}

/** A process that has ended yields no reading: no data is not a value. */
export function processSource(options: ProcessSourceOptions): Source {
  return {
    name: "process",
    start: async ({ clock, signal, emit, log }) => {
      let samples = new Map<Target, Sample>();
      let isTold = false;
      const figuresOf = ({
        target,
        identity,
      }: MeasuredInstance): ProcessFigures | "unread" | undefined => {
        try {
          return options.figures(identity);
        } catch (error) {
          // With no descriptor left nothing can be read; the others, and the next time, may go well.
          if (!isTold)
            log.warn("figures of a process cannot be read", { target, reason: messageOf(error) });
          isTold = true;
          return "unread";
        }
      };
      await every(clock, options.intervalMs, signal, () => {
        const now = clock.now();
        const next = new Map<Target, Sample>();
        const readings: Reading[] = [];
        for (const instance of options.instances()) {
          const { target, identity } = instance;
          const figures = figuresOf(instance);
          if (!figures) continue;
          const known = samples.get(target);
          // A new run of the instance is another process: its CPU time starts anew.
          const before = known && isSame(known.identity, identity) ? known : undefined;
          if (figures === "unread") {
            if (before) next.set(target, before);
            continue;
          }
          addReadings(readings, target, figures, before, now);
          if (before) Object.assign(before, { figures, atMs: now });
          next.set(target, before ?? { identity, figures, atMs: now });
        }
        samples = next;
        if (readings.length > 0) emit(readings);
      });
    },
  };
}

function isSame(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a === b || (a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId);
}

/** What hardly ever changes is told each minute: whoever begins to listen hears it soon. */
const seldomMs = 60_000;

function isTurn(before: Sample | undefined, now: number): boolean {
  return before !== undefined && Math.floor(before.atMs / seldomMs) < Math.floor(now / seldomMs);
}

function addReadings(
  readings: Reading[],
  target: Target,
  figures: ProcessFigures,
  before: Sample | undefined,
  now: number,
): void {
  readings.push(
    reading(target, metrics.rss, figures.rssBytes, now),
    reading(target, metrics.fds, figures.fds, now),
    reading(target, metrics.threads, figures.threads, now),
  );
  if (figures.fdsMost !== undefined && isTurn(before, now)) {
    readings.push(reading(target, metrics.fdsMost, figures.fdsMost, now));
  }
  if (!before || now <= before.atMs) return;
  const { figures: was } = before;
  const tookMs = now - before.atMs;
  const add = (metric: Metric, from: number | undefined, to: number | undefined, per: number) => {
    if (from === undefined || to === undefined) return;
    readings.push(reading(target, metric, (Math.max(0, to - from) / tookMs) * per, now));
  };
  add(metrics.cpu, was.cpuMs, figures.cpuMs, 1);
  add(metrics.switches, was.switches, figures.switches, 1_000);
  add(metrics.diskRead, was.readBytes, figures.readBytes, 1_000);
  add(metrics.diskWritten, was.writtenBytes, figures.writtenBytes, 1_000);
}
