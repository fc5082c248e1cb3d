// The units in which others measure, as ours: times become milliseconds, shares ratios.
import type { Unit } from "../../model/reading.ts";

export interface Measure {
  readonly unit: Unit;
  /** What their value is multiplied with. */
  readonly scale: number;
}

const plain: Measure = { unit: "count", scale: 1 };

/** By the codes of UCUM that OpenTelemetry uses, and by the words of Prometheus. */
const known: ReadonlyMap<string, Measure> = new Map([
  ["s", { unit: "ms", scale: 1_000 }],
  ["seconds", { unit: "ms", scale: 1_000 }],
  ["ms", { unit: "ms", scale: 1 }],
  ["milliseconds", { unit: "ms", scale: 1 }],
  ["us", { unit: "ms", scale: 0.001 }],
  ["ns", { unit: "ms", scale: 0.000_001 }],
  ["By", { unit: "bytes", scale: 1 }],
  ["bytes", { unit: "bytes", scale: 1 }],
  ["KiBy", { unit: "bytes", scale: 1_024 }],
  ["MiBy", { unit: "bytes", scale: 1_048_576 }],
  ["%", { unit: "ratio", scale: 0.01 }],
  ["ratio", { unit: "ratio", scale: 1 }],
]);

export function measureOf(unit: string): Measure {
  return known.get(unit) ?? plain;
}

/** Prometheus says the unit in the name: `http_request_duration_seconds_bucket`. */
export function measureIn(metric: string): Measure {
  const base = metric.replace(/_(?:total|bucket|sum|count)$/, "");
  return measureOf(base.slice(base.lastIndexOf("_") + 1));
}

/** Seconds in a second are a share; of everything else so many a second. */
export function rateMeasure({ unit, scale }: Measure): Measure {
  return unit === "ms" ? { unit: "ratio", scale: scale / 1_000 } : { unit: "per_s", scale };
}
