// Raises a symptom when a metric stays over a limit for a time, and clears it with hysteresis.
import type { Reading, Unit } from "../model/reading.ts";
import type { SymptomKind } from "../model/symptom.ts";
import type { Detector, Finding } from "./detector.ts";

export interface ThresholdOptions {
  readonly kind: SymptomKind;
  readonly limit: number;
  readonly forMs: number;
  /** The symptom clears below `limit × clearAt` (default 0.8): no flicker at the limit. */
  readonly clearAt?: number;
  /** Readings over the limit that are needed besides the time (default 3): one gap is no proof. */
  readonly readings?: number;
  /** How the metric is called in sentences: "p95". */
  readonly label: string;
}

interface State {
  readonly overSinceMs: number | undefined;
  readonly over: number;
  readonly raised: boolean;
}

export function threshold(options: ThresholdOptions): Detector<State> {
  const { kind, limit, forMs, label, clearAt = 0.8, readings = 3 } = options;
  const calm: State = { overSinceMs: undefined, over: 0, raised: false };
  return {
    name: "threshold",
    initial: calm,
    raised: { ...calm, raised: true },
    observe(state, reading) {
      if (!Number.isFinite(reading.value)) return [state, undefined];
      if (state.raised) {
        if (reading.value > limit * clearAt) return [state, undefined];
        return [calm, { sick: false, text: `${label} ${show(reading)}, under the limit again` }];
      }
      if (reading.value <= limit) return [calm, undefined];
      const sinceMs = state.overSinceMs ?? reading.atMs;
      const over = state.over + 1;
      const next = { overSinceMs: sinceMs, over, raised: false };
      if (reading.atMs - sinceMs < forMs || over < readings) return [next, undefined];
      const unit = reading.unit;
      const why = {
        rule: "threshold",
        text: `${label} ${show(reading)}, over ${display(limit, unit)} for ${display(reading.atMs - sinceMs, "ms")}`,
        value: reading.value,
        limit,
        unit,
      };
      const finding: Finding = { sick: true, kind, why, sinceMs };
      return [{ ...next, raised: true }, finding];
    },
  };
}

function show(reading: Reading): string {
  return display(reading.value, reading.unit);
}

function display(value: number, unit: Unit): string {
  if (unit === "ratio") return `${(value * 100).toFixed(0)} %`;
  if (unit === "bytes") return `${(value / 1_048_576).toFixed(0)} MiB`;
  if (unit === "ms")
    return value < 1_000 ? `${value.toFixed(0)} ms` : `${(value / 1_000).toFixed(1)} s`;
  return value.toFixed(1);
}
