// The small face that the scenarios know a resilience library by: guards made of plain settings.

/** What a library gives to the work; undefined where it has no signals. */
export interface Given {
  readonly signal: AbortSignal | undefined;
}

export type Work = (given: Given) => unknown;

/** One policy, or several, around work. */
export interface Guard {
  /** Whether the work is given a signal. */
  readonly givesSignal: boolean;
  /** Whether a caller may give a signal of its own; else `run` leaves it out. */
  readonly takesSignal: boolean;
  run(work: Work, signal?: AbortSignal): Promise<unknown>;
}

/** Opens at half failed, lets one probe through. */
export interface BreakerSettings {
  readonly windowMs: number;
  readonly minimumCalls: number;
  readonly openMs: number;
}

export interface Library {
  readonly name: string;
  /** By time; no timeout of its own. */
  breaker(settings: BreakerSettings): Guard;
  /** As it is with no settings at all; undefined where some must be given. */
  readonly breakerOfDefaults: (() => Guard) | undefined;
  /** Ends the call at once, as the library does by default. */
  timeout(ms: number): Guard;
  /** Waits the same time before each repeat. */
  retry(settings: { readonly retries: number; readonly delayMs: number }): Guard;
  /** Retry around breaker around timeout, with settings that healthy calls never meet. */
  composed(): Guard;
}

/** What came of one scenario: `found` tells what was seen. */
export interface Verdict {
  readonly is: "ok" | "defect" | "not applicable";
  readonly found: string;
}

export const notApplicable = (found: string): Verdict => ({ is: "not applicable", found });

export const verdict = (ok: boolean, found: string): Verdict => ({
  is: ok ? "ok" : "defect",
  found,
});

export interface Scenario {
  /** Its number in the list of defects. */
  readonly n: number;
  /** What goes on, and what is right. */
  readonly title: string;
  run(library: Library): Promise<Verdict>;
}
