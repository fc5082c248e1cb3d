// Numbers and moments as a person reads them.
import type { Unit } from "../../src/model/reading.ts";

const trim = (value: number, digits: number): string =>
  value.toFixed(digits).replace(/\.?0+$/, digits === 0 ? "$&" : "");

/** "340 ms", "2.5 s", "3 min 20 s", "4 h 5 min", "2 d 3 h". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${trim(ms / 1_000, 1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (ms < 3_600_000) return pair(Math.trunc(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(ms / 60_000);
  if (ms < 86_400_000) return pair(Math.trunc(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(ms / 3_600_000);
  return pair(Math.trunc(hours / 24), "d", hours % 24, "h");
}

function pair(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;
}

/** Whole seconds, so that a counting text does not flicker: "12 s", "3 min", "2 h 5 min". */
export function roughly(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.trunc(seconds / 60)} min`;
  return duration(Math.trunc(seconds / 60) * 60_000);
}

/** "+3.0 s", "+3 min 51 s": one decimal, so that a column of them lines up. */
export const sinceFirst = (ms: number): string =>
  `+${ms < 59_950 ? `${(ms / 1_000).toFixed(1)} s` : duration(ms)}`;

/** "4:05", for a countdown. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.trunc(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1_000 && unit < units.length - 1) {
    scaled /= 1_024;
    unit += 1;
  }
  return `${number(scaled)} ${units[unit]}`;
}

/** As many figures as matter: "0.25", "4.8", "212", "12 400". */
export function number(value: number): string {
  const abs = Math.abs(value);
  if (abs >= 1_000) return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");
  if (abs >= 10) return value.toFixed(0);
  return trim(value, abs >= 1 ? 1 : 2);
}

export const percent = (ratio: number): string => `${trim(ratio * 100, ratio < 0.1 ? 1 : 0)} %`;

/** A value with its unit. */
export function figure(value: number, unit: string): string {
  switch (unit as Unit) {
    case "ms":
      return duration(value);
    case "bytes":
      return bytes(value);
    case "ratio":
      return percent(value);
    case "per_s":
      return `${number(value)}/s`;
    default:
      return number(value);
  }
}

/** "02:14:07" in this browser's time zone. */
export const timeOfDay = (iso: string): string =>
  new Date(iso).toLocaleTimeString("en-GB", { hour12: false });

/** "02:14". */
export const hourAndMinute = (unixSeconds: number): string =>
  timeOfDay(new Date(unixSeconds * 1_000).toISOString()).slice(0, 5);

/** "21 Nov, 02:14:07". */
export const dateAndTime = (iso: string): string =>
  `${new Date(iso).toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${timeOfDay(iso)}`;

export const plural = (count: number, one: string, many: string = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
