// What all calls of one chain share, and how their results are told from promises.
import type { Counters } from "./counters.ts";
import type { HookStrategy } from "./strategy.ts";

/** What all calls of one chain share. */
export interface Route<Flight> {
  readonly pipeline: string;
  readonly hooks: readonly HookStrategy[];
  readonly counters: Counters;
  /** A strategy may end running work, so each attempt needs a signal of its own. */
  readonly aborts: boolean;
  /** A strategy calls the user's functions, and may be moved by a foreign async context. */
  readonly keepsContext: boolean;
  /** Levels that want to know of late results, innermost first. */
  readonly hearLate: readonly number[];
  ended(call: Flight, ok: boolean, value: unknown): void;
}

/** Where a call's result goes. */
export type Settle = (value: unknown) => void;

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
