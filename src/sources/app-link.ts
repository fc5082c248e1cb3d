// Readings from what apps say of themselves over their link: health, event loop, heap, what is off.
import { every } from "../kernel/clock.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import type { AppReport } from "../protocol/link.ts";
import { isLost } from "../protocol/link-lost.ts";
import { clean } from "./app-link/words.ts";
import type { Source } from "./source.ts";

/** A report that came since the last look. */
export interface FreshReport {
  readonly target: Target;
  readonly report: AppReport;
  readonly ageMs: number;
}

/** Asks for new reports every `intervalMs`. An app that says nothing yields no reading. */
export function appLinkSource(options: {
  /** The reports that came since it was last asked, at most one of each instance. */
  readonly reports: () => readonly FreshReport[];
  readonly intervalMs: number;
}): Source {
  return {
    name: "app-link",
    start: ({ clock, signal, emit }) =>
      every(clock, options.intervalMs, signal, () => {
        const now = clock.now();
        const readings = options
          .reports()
          .flatMap(({ target, report, ageMs }) => readingsOf(target, report, now - ageMs));
        if (readings.length > 0) emit(readings);
      }),
  };
}

/** Only what people look at first: an app's own counters stay with it, at its /metrics. */
export function readingsOf(target: Target, report: AppReport, atMs: number): Reading[] {
  const { status, reason, figures, features, breakers, watched } = report;
  const readings: Reading[] = [];
  const add = (metric: keyof typeof metrics, value: number | undefined, note?: string): void => {
    if (value === undefined || !Number.isFinite(value)) return;
    readings.push(reading(target, metrics[metric], value, atMs, note));
  };
  const why = reason === undefined ? undefined : clean(reason);
  if (status !== "unknown") add("appHealth", status === "unhealthy" ? 0 : 1, why);
  add("appLoopDelay", figures.loop_delay_p99_ms);
  add("appHeap", figures.heap_used_bytes);
  add("appFeaturesOff", features.filter(({ available }) => !available).length);
  add("appBreakersOpen", breakers.filter(({ state }) => state === "open").length);
  add("appLost", watched.filter(isLost).length);
  return readings;
}
