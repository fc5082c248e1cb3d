// What a breaker is, and what is kept of it over a restart of the process.
import { HomeostatError } from "../../kernel/errors.ts";

export type BreakerState = "closed" | "open" | "half-open";

/** Plain data, to keep a breaker's state over a restart of the process. */
export interface SavedBreaker {
  readonly state: BreakerState;
  /** Milliseconds of the open time that were left at `savedAt`. */
  readonly remainingMs: number;
  readonly openings: number;
  /** Milliseconds since the Unix epoch: time that passes while saved counts. */
  readonly savedAt: number;
  readonly total: number;
  readonly failed: number;
  readonly slow: number;
}

/** More than any window holds that is worth keeping, and still quickly counted again. */
const mostCalls = 1_000_000;

/** Throws a Misconfigured error for what `save` never gave. */
export function checkSaved(saved: SavedBreaker): void {
  const { state, remainingMs, openings, savedAt, total, failed, slow } = saved;
  if (!["closed", "open", "half-open"].includes(state)) wrong("state", "a breaker's state", state);
  for (const [name, value] of Object.entries({ remainingMs, openings, savedAt })) {
    if (!(Number.isFinite(value) && value >= 0)) wrong(name, "0 or more", value);
  }
  for (const [name, value] of Object.entries({ total, failed, slow })) {
    const most = name === "total" ? mostCalls : total;
    if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
      wrong(name, `a whole number from 0 to ${most}`, value);
    }
  }
}

function wrong(name: string, expected: string, got: unknown): never {
  throw new HomeostatError(
    "OPTION_INVALID",
    `breaker: saved ${name} must be ${expected}, got ${got}`,
  );
}
