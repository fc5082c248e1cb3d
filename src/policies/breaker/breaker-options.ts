// What a circuit breaker can be told, its defaults, and the checks of what it was told.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import {
  above,
  anything,
  atLeast,
  called,
  checkOptions,
  count,
  finiteAbove,
  named,
  oneOf,
  share,
  whole,
} from "../options.ts";
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
  /** The pipeline in its events; default its own name, as several pipelines may share it. */
  readonly pipeline?: string;
  /** Which of a family of pipelines, in its events and errors. */
  readonly key?: string;
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

/** A window of so many calls takes a byte for each. */
const mostCalls = 10_000_000;

const told = {
  window: anything,
  failureRate: share,
  slowCallMs: above(0),
  slowCallRate: share,
  minimumCalls: whole(1),
  openMs: (value: unknown) =>
    typeof value === "function" ? undefined : atLeast(0)(value) && "0 or more, or a function",
  probes: whole(1),
  probeFailureRate: share,
  probeWaitMs: atLeast(0),
  when: called,
  whenResult: called,
  name: named,
  pipeline: named,
  key: named,
  clock: anything,
};

/** Throws a Misconfigured error for options that cannot be. */
export function checkBreaker(options: BreakerOptions): void {
  checkOptions<BreakerOptions>("breaker", options, told);
  const { window } = options;
  if (window === undefined) return;
  const kind = oneOf("time", "count", "consecutive");
  const isTime = window?.kind === "time";
  // Left out they are wrong too.
  const given = { ...(isTime ? { ms: Number.NaN } : { calls: Number.NaN }), ...(window as object) };
  const size = isTime ? { ms: finiteAbove(0) } : { calls: count(1, mostCalls) };
  checkOptions<object>("breaker: window", window === null ? window : given, { kind, ...size });
}

export function rulesOf(options: BreakerOptions): BreakerRules {
  const { window, failureRate = 0.5, slowCallRate = 1, probes = 3 } = options;
  const consecutive = window?.kind === "consecutive";
  const minimumCalls = consecutive ? window.calls : (options.minimumCalls ?? 20);
  const { slowCallMs = Number.POSITIVE_INFINITY, openMs = 5_000, probeWaitMs } = options;
  const probeFailureRate = options.probeFailureRate ?? failureRate;
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
  if (given === undefined) return new TimeWindow(10_000);
  if (given.kind === "time") return new TimeWindow(given.ms);
  return given.kind === "count" ? new CountWindow(given.calls) : new ConsecutiveWindow();
}

/** An open time that grows: `initialMs` the first time, then `factor` times the last, up to `maxMs`. */
export function growingOpenMs(
  initialMs: number,
  maxMs: number,
  factor = 2,
): (openings: number) => number {
  return (openings) => Math.min(maxMs, initialMs * factor ** (openings - 1));
}

function wrong(message: string): never {
  throw new HomeostatError("OPTION_INVALID", `breaker: ${message}`);
}
