// Hands errors to the reporters: each error once, no reporter in another's way, a flush that ends.
import { deadline } from "../../kernel/clock.ts";
import type { Fields } from "../../kernel/log.ts";
import type { Capture, Report, Reporter } from "../parts/capture.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { createOutlet, type Outlet, type ReporterFigures } from "./outlet.ts";
import { createSeen } from "./seen.ts";

export type { ReporterFigures };

export interface CaptureOptions {
  readonly reporters?: readonly Reporter[];
  /** Reporters are flushed in its last stage. */
  readonly stopping?: Stopping;
  /** After so many milliseconds a flush is told to end; default 2,000. */
  readonly flushMs?: number;
  /** So many more milliseconds it has to come back; default 1,000. */
  readonly closeMs?: number;
  /** Reports a reporter may have under way; more are dropped and counted. Default 100. */
  readonly pending?: number;
}

export interface Captures {
  /**
   * Tells all reporters; false when this very error was told before. A field `fatal: true` marks the
   * report as fatal. Never throws.
   */
  readonly capture: Capture;
  add(reporter: Reporter): Disposable;
  /** The names of reporters that did not come back in time. Never rejects; takes flushMs + closeMs at most. */
  flush(): Promise<readonly string[]>;
  list(): readonly ReporterFigures[];
}

/** The reporters of an app behind one function; each error goes to all of them, once. */
export function createCapture(options: CaptureOptions & Partial<Surroundings> = {}): Captures {
  const { clock, log } = surroundings(options);
  const { flushMs = 2_000, closeMs = 1_000, pending = 100 } = options;
  const outlets = new Set<Outlet>();
  const seen = createSeen(clock);

  const capture = (error: unknown, source: string, context: Fields = {}): boolean => {
    if (!seen.first(error)) return false;
    const time = new Date(clock.wall()).toISOString();
    const { fatal, ...rest } = context;
    const report: Report = { error, source, fatal: fatal === true, time, context: rest };
    for (const outlet of [...outlets]) outlet.tell(report);
    return true;
  };

  const flush = async (): Promise<readonly string[]> => {
    const told = deadline(clock, flushMs);
    const over = deadline(clock, flushMs + closeMs);
    const left = new Set(outlets);
    const flushed = [...outlets].map(async (outlet) => {
      await outlet.flush(told.signal);
      // A reporter comes back when it is told to end, too: then something may be left.
      if (!told.signal.aborted) left.delete(outlet);
    });
    await Promise.race([Promise.all(flushed), aborted(over.signal)]);
    told.done();
    over.done();
    const names = [...left].map(({ name }) => name);
    if (names.length > 0) log.warn("reporters were not flushed in time", { left: names });
    return names;
  };

  const add = (reporter: Reporter): Disposable => {
    const outlet = createOutlet(reporter, log, pending);
    outlets.add(outlet);
    return { [Symbol.dispose]: () => void outlets.delete(outlet) };
  };

  for (const reporter of options.reporters ?? []) add(reporter);
  options.stopping?.onStop("flush reporters", "reporters", flush, flushMs + closeMs + 500);
  return { capture, add, flush, list: () => [...outlets].map((outlet) => outlet.figures()) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
