// What a finding about a series says: the number, what is usual, and since when, in one sentence.
import type { Unit } from "../../model/reading.ts";
import type { Band } from "./model.ts";

/** "p99 840 ms; usual for this hour 180–260 ms; for 4 minutes". */
export function sentence(label: string, unit: Unit, band: Band, forMs: number): string {
  const { aspect, value, low, high, points, overMs } = band;
  const usual = `${show(low, unit, false)}–${show(high, unit)}`;
  const lasting = forMs >= 60_000 ? `; for ${span(forMs)}` : "";
  const over = `${points} points (${span(overMs)})`;
  if (aspect === "value")
    return `${label} ${show(value, unit)}; usual for this hour ${usual}${lasting}`;
  if (aspect === "mean") {
    return `${label} ${show(value, unit)} on the mean of ${over}; usual ${usual}${lasting}`;
  }
  if (aspect === "step") {
    const way = value < 0 ? "fell" : "rose";
    const size = show(Math.abs(value), unit);
    return `${label} ${way} by ${size} at once; usual steps ${usual}${lasting}`;
  }
  const how = value < low ? "less" : "more";
  const each = `${show(value, unit)} from point to point`;
  return `${label} moves ${how} than usual: ${each} over ${over}; usual ${usual}${lasting}`;
}

/** Three figures that count. */
export function show(value: number, unit: Unit, withUnit = true): string {
  const [scaled, name] = scale(value, unit);
  const digits = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  const text = `${Number(scaled.toFixed(digits))}`;
  return withUnit && name !== "" ? `${text} ${name}` : text;
}

function scale(value: number, unit: Unit): readonly [number, string] {
  if (unit === "ratio") return [value * 100, "%"];
  if (unit === "bytes") return [value / 1_048_576, "MiB"];
  if (unit === "per_s") return [value, "a second"];
  if (unit === "ms") return [value, "ms"];
  return [value, ""];
}

function span(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1_000)} seconds`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
