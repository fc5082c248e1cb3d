// What one try at an instance adds to its counters, however it was carried.
import type { Clock } from "../../kernel/clock.ts";
import type { EndingKind, Tally } from "./exchange.ts";

/** How far a try had come when it ended; moments in milliseconds on one clock. */
export interface Progress {
  /** Of the answer; 0 when none has come. */
  readonly status: number;
  readonly startedAtMs: number;
  /** From the start to the head of the answer. */
  readonly headAfterMs: number | undefined;
}

const breaking: ReadonlySet<EndingKind> = new Set([
  ...(["refused", "died", "stale", "garbled", "broken", "late", "left"] as const),
]);

/** A wait that was given up counts as long as it was: leaving it out would flatter a hang. */
export function tallyOf(
  kind: EndingKind,
  { status, startedAtMs, headAfterMs }: Progress,
  clock: Clock,
): Tally {
  const givenUp = kind === "late" || kind === "left" || kind === "gone";
  return {
    status,
    failed: status >= 500,
    broken: breaking.has(kind),
    waitedMs: headAfterMs ?? (givenUp ? clock.now() - startedAtMs : undefined),
  };
}
