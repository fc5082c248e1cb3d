// Values of metrics as people read them: each unit in its own way, three digits that count.
import { formatDuration } from "../kernel/duration.ts";
import type { Unit } from "../model/reading.ts";

const sizes = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function amountText(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return "-";
  switch (unit) {
    case "ms":
      return Math.abs(value) < 100 ? `${three(value)} ms` : formatDuration(value);
    case "bytes":
      return bytesText(value);
    case "ratio":
      return `${three(value * 100)} %`;
    case "per_s":
      return `${three(value)}/s`;
    case "bool":
    case "code":
    case "count":
      return three(value);
  }
}

function bytesText(value: number): string {
  const step = Math.floor(Math.log(Math.max(1, Math.abs(value))) / Math.log(1_024));
  const size = Math.min(sizes.length - 1, step);
  return `${three(value / 1_024 ** size)} ${sizes[size]}`;
}

/** 1234567, 123, 12.3, 1.23, 0.0123. */
function three(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
