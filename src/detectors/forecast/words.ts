// How a forecast is told to people: "full in 3 h 20 min ± 40 min", rounded to what it is worth.
import { formatDuration } from "../../kernel/duration.ts";
import type { Unit } from "../../model/reading.ts";

/** A time from now, milliseconds, and the ends of its band. */
export interface Span {
  readonly etaMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** "in 3 h 20 min ± 40 min"; a band that reaches much further to one side is told by its ends. */
export function inTime({ etaMs, lowMs, highMs }: Span): string {
  const half = (highMs - lowMs) / 2;
  const eta = rounded(etaMs);
  if (!Number.isFinite(half)) return `in about ${eta}, or much later`;
  if (Math.abs(etaMs - (lowMs + half)) > half / 2) {
    return `in about ${eta} (${rounded(lowMs)} to ${rounded(highMs)})`;
  }
  return half < etaMs / 50 ? `in ${eta}` : `in ${eta} ± ${rounded(half)}`;
}

/** Seconds below two minutes, minutes below an hour, then steps of five minutes, then hours. */
function rounded(ms: number): string {
  const [minute, hour] = [60_000, 3_600_000];
  const step = ms < 2 * minute ? 1_000 : ms < hour ? minute : ms < 24 * hour ? 5 * minute : hour;
  return formatDuration(Math.max(step, Math.round(ms / step) * step));
}

/** "412 MiB"; whole numbers of what is counted. */
export function amount(value: number, unit: Unit): string {
  if (unit === "bytes") return bytes(value);
  if (unit === "ratio") return `${(value * 100).toFixed(0)} %`;
  if (unit === "ms") return formatDuration(value);
  return value.toFixed(Number.isInteger(value) ? 0 : 1);
}

function bytes(value: number): string {
  const [mebi, gibi] = [1_048_576, 1_073_741_824];
  return value < 10 * gibi
    ? `${(value / mebi).toFixed(0)} MiB`
    : `${(value / gibi).toFixed(1)} GiB`;
}
