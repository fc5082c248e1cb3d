// Faults of calls in words: what `chaos.fault` is given to make them slow or to make them fail.
import type { FaultOptions } from "../fault.ts";

type When = Pick<FaultOptions, "rate" | "when" | "meanIntervalMs" | "meanDurationMs">;

/**
 * Calls that take longer, by so many milliseconds or a time between two.
 *
 * `pipeline({ name: "payments", chaos: chaos.fault("slow-payments", latency([200, 2_000])) })`
 */
export function latency(
  ms: number | readonly [least: number, most: number],
  when: When = {},
): FaultOptions {
  return { latencyMs: ms, ...when };
}

/** Calls that fail: with an error of code CHAOS, or with this one. */
export function errors(fault: Error | true = true, when: When = {}): FaultOptions {
  return { fault, ...when };
}
