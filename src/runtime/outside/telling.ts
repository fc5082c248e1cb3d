// A roll reporter that is asked often and speaks seldom: at its interval, and at once when the state changes.
import type { Clock } from "../../kernel/clock.ts";
import type { Roll, RollReporter } from "../parts/roll.ts";
import { notTaken, type Outcome } from "./send.ts";

export interface TellingOptions {
  readonly name: string;
  /** For messages; it shows no secret. */
  readonly what: string;
  readonly everyMs: number;
  readonly clock: Clock;
  tell(roll: Roll, signal: AbortSignal): Promise<Outcome>;
}

/** So soon a failure is told, and one that did not get through is told again. */
const lookMs = 15_000;

/** Node's timers, and the sweep that calls this, may be so much early. */
const earlyMs = 1_000;

/** It rejects until what was to be told is told. */
export function tellingReporter({
  name,
  what,
  everyMs,
  clock,
  tell,
}: TellingOptions): RollReporter {
  let told: Roll["state"] | undefined;
  let dueAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let failure: Error | undefined;
  return {
    name,
    everyMs: Math.min(everyMs, lookMs),
    report: async (roll, signal) => {
      const now = clock.now();
      if (roll.state === told && now < dueAt) return;
      if (failure && now < pausedUntil) throw failure;
      const outcome = await tell(roll, signal);
      if (outcome.ok) {
        [told, failure] = [roll.state, undefined];
        dueAt = now + everyMs - Math.min(earlyMs, everyMs / 2);
        return;
      }
      // What will be refused again is not worth a request each time.
      const pauseMs = outcome.retryable ? (outcome.retryAfterMs ?? 0) : everyMs;
      pausedUntil = now + Math.min(pauseMs, Math.max(everyMs, lookMs));
      failure = notTaken(what, outcome);
      throw failure;
    },
  };
}
