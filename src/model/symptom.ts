// A sign that a target is not well, raised by a detector and cleared by the same.
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

/**
 * exit: the process ended · crash-loop: it keeps ending soon after its start · unresponsive: the
 * probe had no answer · failing: the probe had a bad answer · slow · errors · hot: CPU · silent:
 * readings stopped coming.
 */
export type SymptomKind =
  | "exit"
  | "crash-loop"
  | "unresponsive"
  | "failing"
  | "slow"
  | "errors"
  | "hot"
  | "silent";

export interface Symptom {
  /** `target:rule`, one active symptom each. */
  readonly key: string;
  readonly target: Target;
  readonly kind: SymptomKind;
  readonly why: Reason;
  /** When it began, as far as the readings tell; loop time. */
  readonly sinceMs: number;
  readonly raisedAtMs: number;
}
