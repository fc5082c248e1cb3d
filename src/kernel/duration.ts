// Durations as people write them ("500ms", "1m30s") and as they read them.

/** Milliseconds as a number, or text such as "500ms", "2s", "1m30s", "6h", "7d". */
export type Duration = number | string;

/**
 * Every duration of a config ends here, and so does what the gateway is told of it. A timer of Node
 * holds 24.8 days and fires at once beyond; 7 days leave room for the sums that are made of them.
 */
export const durationMaxMs: number = 7 * 86_400_000;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds, or undefined when `text` is not a duration of zero or more. */
export function parseDuration(text: Duration): number | undefined {
  if (typeof text === "number") return Number.isFinite(text) && text >= 0 ? text : undefined;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d)/g)) {
    ms += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  }
  return ms;
}

/** The shortest text that tells a duration to a person: "340 ms", "2.5 s", "3 min 20 s", "4 h 5 min". */
export function formatDuration(ms: number): string {
  const abs = Math.abs(ms);
  if (abs < 1_000) return `${Math.round(ms)} ms`;
  if (abs < 59_950) return `${trim(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  if (abs < 3_600_000) return pair(Math.trunc(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(ms / 60_000);
  if (abs < 86_400_000) return pair(Math.trunc(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(ms / 3_600_000);
  return pair(Math.trunc(hours / 24), "d", hours % 24, "h");
}

function trim(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}

function pair(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;
}
