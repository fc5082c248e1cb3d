// Why something was decided: the rule, the number that decided it, and the limit it met.
import type { Unit } from "./reading.ts";

export interface Reason {
  /** Stable name of the rule, such as "max-unhealthy" or "consecutive-failures". */
  readonly rule: string;
  /** One sentence for a person, numbers included. */
  readonly text: string;
  /** The number that decided. */
  readonly value: number;
  /** What the number was held against. */
  readonly limit: number;
  readonly unit: Unit;
}

/** A reason whose number is a count; 1 of 1 when nothing had to be counted. */
export function because(rule: string, text: string, value = 1, limit = 1): Reason {
  return { rule, text, value, limit, unit: "count" };
}
