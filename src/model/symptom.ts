// A sign that a target is not well, raised by a detector and cleared by the same.
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

/**
 * exit: the process ended · crash-loop: it keeps ending soon after its start · unresponsive: the
 * probe had no answer · failing: the probe had a bad answer · slow · errors · hot: CPU · silent:
 * readings stopped coming · unready: it wants no traffic now · expiring: its certificate · full: the
 * disk of journal and logs · unusual: not as it was ever before, which need not be bad · exhausting:
 * what it uses will reach its limit.
 */
export type SymptomKind =
  | "exit"
  | "crash-loop"
  | "unresponsive"
  | "failing"
  | "slow"
  | "errors"
  | "hot"
  | "silent"
  | "unready"
  | "expiring"
  | "full"
  | "unusual"
  | "exhausting";

/** Nothing has to be mended, and nothing is done but what the sign itself asks for: no incident. */
const quiet: ReadonlySet<SymptomKind> = new Set<SymptomKind>([
  "unready",
  "expiring",
  "full",
  "unusual",
]);

export function isQuiet(kind: SymptomKind): boolean {
  return quiet.has(kind);
}

/** Signs that say nothing of how well it works now. */
const mild: ReadonlySet<SymptomKind> = new Set<SymptomKind>(["expiring", "unusual", "exhausting"]);

export function isMild(kind: SymptomKind): boolean {
  return mild.has(kind);
}

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
