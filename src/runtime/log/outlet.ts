// Hands each line to all sinks; a sink that fails is told to the others and stops none of them.

import { aborted } from "../../kernel/aborted.ts";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Level } from "../../kernel/log.ts";
import type { Counter, Metrics } from "../parts/metrics.ts";
import { currentName } from "./name.ts";
import { type Line, reaches, type Sink } from "./sink.ts";

export interface Outlet {
  write(line: Omit<Line, "at" | "app">): void;
  /** A line of the log about itself. */
  tell(level: Level, message: string, fields: Line["fields"]): void;
  dropped(): Readonly<Record<string, number>>;
  flush(limitMs?: number): Promise<boolean>;
  close(limitMs?: number): Promise<void>;
}

interface Outgoing {
  readonly sink: Sink;
  failing: boolean;
  failed: number;
}

const flushLimitMs = 2_000;

export function createOutlet(options: {
  readonly app: string;
  readonly clock: Clock;
  readonly sinks: readonly Sink[];
  readonly metrics: Pick<Metrics, "counter" | "gauge"> | undefined;
}): Outlet {
  const { app, clock } = options;
  const all = options.sinks.map((sink): Outgoing => ({ sink, failing: false, failed: 0 }));
  const counted = counters(options.metrics, () => Object.values(dropped()));

  const dropped = (): Readonly<Record<string, number>> =>
    Object.fromEntries(
      all.map(({ sink, failed }) => [sink.name, failed + (sink.dropped?.() ?? 0)] as const),
    );
  const write = (given: Omit<Line, "at" | "app">, but?: Outgoing): void => {
    const line: Line = { at: clock.wall(), app, ...given };
    counted(line.level);
    for (const to of all) if (to !== but) hand(to, line);
  };
  const hand = (to: Outgoing, line: Line): void => {
    if (to.sink.level && !reaches(line.level, to.sink.level)) return;
    try {
      to.sink.write(line);
      to.failing = false;
    } catch (error) {
      to.failed += 1;
      const first = !to.failing;
      to.failing = true;
      if (first) about(to, "a log sink failed", { reason: messageOf(error) });
    }
  };
  const about = (from: Outgoing, message: string, fields: Line["fields"]): void => {
    const told = { sink: from.sink.name, ...fields };
    write({ level: "warn", thread: currentName(), logger: "log", message, fields: told }, from);
  };
  for (const one of all) {
    one.sink.attach?.((message, fields) => about(one, message, fields));
  }

  const flush = async (limitMs = flushLimitMs): Promise<boolean> => {
    const limit = deadline(clock, limitMs);
    const over = aborted(limit.signal);
    const left = all.map(async ({ sink }) => {
      await Promise.race([sink.flush?.(limit.signal), over]);
    });
    const done = await Promise.allSettled(left);
    limit.done();
    return !limit.signal.aborted && done.every(({ status }) => status === "fulfilled");
  };
  return {
    write: (line) => write(line),
    tell: (level, message, fields) => {
      write({ level, thread: currentName(), logger: "log", message, fields });
    },
    dropped,
    flush,
    close: async (limitMs) => {
      await flush(limitMs);
      for (const one of all) {
        try {
          await one.sink.close?.();
        } catch (error) {
          about(one, "a log sink could not be closed", { reason: messageOf(error) });
        }
      }
    },
  };
}

/** `log_lines_total{level}` and `log_dropped_lines`; both there at 0 from the start. */
function counters(
  metrics: Pick<Metrics, "counter" | "gauge"> | undefined,
  dropped: () => readonly number[],
): (level: Level) => void {
  if (!metrics) return () => {};
  const lines = metrics.counter("log_lines", { help: "Lines written to the log, by level" });
  const series = (level: Level): Counter => lines.with({ level });
  const byLevel: Readonly<Record<Level, Counter>> = {
    debug: series("debug"),
    info: series("info"),
    warn: series("warn"),
    error: series("error"),
  };
  metrics.gauge("log_dropped_lines", {
    help: "Lines that a sink gave up since the start",
    read: () => dropped().reduce((sum, count) => sum + count, 0),
  });
  return (level) => byLevel[level].add();
}
