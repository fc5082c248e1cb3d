// What a circuit breaker can be told, its defaults, and the checks of what it was told.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { ConsecutiveWindow, CountWindow, TimeWindow, type Window } from "./windows.ts";

export interface BreakerOptions<Bound = unknown> {
  /**
   * Which calls the rates are taken over; default the last 10 s. "consecutive" opens after so many
   * failures (or slow calls) in a row, whatever the rates.
   */
  readonly window?:
    | { readonly kind: "time"; readonly ms: number }
    | { readonly kind: "count"; readonly calls: number }
    | { readonly kind: "consecutive"; readonly calls: number };
  /** Opens at this share of failures or more; default 0.5. */
  readonly failureRate?: number;
  /** A call that takes this many milliseconds is slow; by default none is. */
  readonly slowCallMs?: number;
  /** Opens at this share of slow calls or more; default 1. */
  readonly slowCallRate?: number;
  /** With fewer calls in the window it never opens; default 20. */
  readonly minimumCalls?: number;
  /** Milliseconds it stays open; a function is given how often it opened in a row. Default 5,000. */
  readonly openMs?: number | ((openings: number) => number);
  /** Calls let through to test the target when that time is over; default 3. */
  readonly probes?: number;
  /** Opens again at this share of bad probes or more; default `failureRate`. */
  readonly probeFailureRate?: number;
  /** A probe without a result for so long gives its place to another; default as long as it was open. */
  readonly probeWaitMs?: number;
  /** Which errors are failures; others count neither way. Refusals and aborts never do. */
  readonly when?: (error: unknown) => boolean;
  /** Which results are failures; default none. */
  readonly whenResult?: (value: Bound) => boolean;
  readonly name?: string;
  readonly clock?: Clock;
}

/** The options of one or more breakers with nothing left out. */
export interface BreakerRules {
  readonly failureRate: number;
  readonly slowCallMs: number;
  readonly slowCallRate: number;
  readonly minimumCalls: number;
  readonly openMs: number | ((openings: number) => number);
  readonly probes: number;
  readonly probeFailureRate: number;
  readonly probeWaitMs: number | undefined;
  readonly when: ((error: unknown) => boolean) | undefined;
  readonly whenResult: ((value: unknown) => boolean) | undefined;
}

export function rulesOf(options: BreakerOptions): BreakerRules {
  const { window, failureRate = 0.5, slowCallRate = 1, probes = 3 } = options;
  const consecutive = window?.kind === "consecutive";
  const minimumCalls = consecutive ? window.calls : (options.minimumCalls ?? 20);
  const { slowCallMs = Number.POSITIVE_INFINITY, openMs = 5_000, probeWaitMs } = options;
  const probeFailureRate = options.probeFailureRate ?? failureRate;
  share({ failureRate, slowCallRate, probeFailureRate });
  atLeastOne({ minimumCalls, probes });
  if (window?.kind === "count" && window.calls < minimumCalls && options.minimumCalls !== undefined)
    wrong(`a window of ${window.calls} calls never holds minimumCalls ${minimumCalls}`);
  return {
    failureRate: consecutive ? 1 : failureRate,
    slowCallRate: consecutive ? 1 : slowCallRate,
    slowCallMs,
    minimumCalls: window?.kind === "count" ? Math.min(minimumCalls, window.calls) : minimumCalls,
    openMs,
    probes,
    probeFailureRate,
    probeWaitMs,
    when: options.when,
    whenResult: options.whenResult,
  };
}

export function windowOf(given: BreakerOptions["window"]): Window {
  if (given?.kind === "consecutive") return new ConsecutiveWindow();
  if (given?.kind !== "count") return new TimeWindow(given?.ms ?? 10_000);
  atLeastOne({ "window.calls": given.calls });
  return new CountWindow(given.calls);
}

/** An open time that grows: `initialMs` the first time, then `factor` times the last, up to `maxMs`. */
export function growingOpenMs(
  initialMs: number,
  maxMs: number,
  factor = 2,
): (openings: number) => number {
  return (openings) => Math.min(maxMs, initialMs * factor ** (openings - 1));
}

function share(given: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (!(value > 0 && value <= 1)) wrong(`${name} must be above 0 and at most 1, got ${value}`);
  }
}

function atLeastOne(given: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (!(Number.isInteger(value) && value >= 1)) wrong(`${name} must be 1 or more, got ${value}`);
  }
}

function wrong(message: string): never {
  throw new HomeostatError("USAGE", `breaker: ${message}`);
}
