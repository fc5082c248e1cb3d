// Tells what a failure says of the target, in one way for all strategies that judge it.
import { HomeostatError } from "../kernel/errors.ts";
import { reasonOf, refusalOf } from "./rejection.ts";
import type { Call } from "./strategy.ts";

/**
 * "timeout": nothing came in time · "error": the work failed · undefined: it says nothing of the
 * target, as refusals of strategies further in, the caller's abort, and what ran out of time because
 * this process itself stood still.
 */
export function failureOf(call: Call, value: unknown): "timeout" | "error" | undefined {
  const reason = reasonOf(value);
  if (reason === "timeout") {
    // A timeout further out had all its time for a first attempt, but not for a repeat or a hedge.
    const isCut = call.unwinding && call.attempt + call.repeats > 0;
    return isCut || refusalOf(value)?.stalled ? undefined : "timeout";
  }
  if (call.unwinding || reason !== undefined) return undefined;
  return value instanceof HomeostatError && value.family === "Cancelled" ? undefined : "error";
}
