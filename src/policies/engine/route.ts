// What all calls of one chain share, and how their results are told from promises.
import { AsyncResource } from "node:async_hooks";
import type { Counters } from "../counters.ts";
import type { Call, HookStrategy, RunContext, RunOptions, Work } from "../strategy.ts";

/** What all calls of one chain share. */
export interface Route<Flight> {
  readonly pipeline: string;
  readonly hooks: readonly HookStrategy[];
  /**
   * What the hooks do on the way in, with any result and with a success; undefined where nothing is
   * to do. Taken out of them once, as looking a method up in ever another kind costs each call.
   */
  readonly enters: readonly (HookStrategy["enter"] | undefined)[];
  readonly exits: readonly HookStrategy["exit"][];
  readonly successExits: readonly (HookStrategy["exit"] | undefined)[];
  readonly counters: Counters;
  /** A strategy may end running work, so each attempt needs a signal of its own. */
  readonly aborts: boolean;
  /** A strategy calls the user's functions, and may be moved by a foreign async context. */
  readonly keepsContext: boolean;
  /** Levels that want to know of late results, innermost first. */
  readonly hearLate: readonly number[];
  /** Set when a strategy written as a function stands between the hooks and the work. */
  readonly around: object | undefined;
  /** What lies inside a level, run beside the call. */
  fork(
    call: Flight,
    level: number,
    work: Work,
    given: RunOptions,
    attempt: number,
  ): Promise<unknown>;
  startAround(call: Flight, context: RunContext, work: Work): unknown;
  ended(call: Flight, ok: boolean, value: unknown): void;
}

/** Where a call's result goes. */
export type Settle = (value: unknown) => void;

/**
 * What keeps AsyncLocalStorage for a call that a timer or another call moves on. Its trigger, which
 * only the graphs of async_hooks show, is left open: asking for it costs as much as a strategy's hook.
 */
export function callersContext(): AsyncResource {
  return new AsyncResource("homeostat.call", 0);
}

interface Moving<Flight> extends Call {
  unwinding: boolean;
  running: number;
  readonly route: Route<Flight>;
}

/** Tells one hook that something further out has ended the call. */
export function leave<F>(call: Moving<F>, level: number, ok: boolean, value: unknown): void {
  call.unwinding = true;
  try {
    call.route.hooks[level]?.exit(call, level, ok, value);
  } catch (error) {
    // The call's result is settled; what a predicate threw is told where nothing is lost.
    process.emitWarning(error instanceof Error ? error : String(error));
  }
  call.unwinding = false;
}

export function tellLate<F>(call: Moving<F>, ok: boolean, value: unknown): void {
  const { hooks, hearLate } = call.route;
  for (const level of hearLate) hooks[level]?.late?.(call, level, ok, value);
}

/** The same work, whose runs count and tell of their end though others are waited for. */
export function watched<F>(call: Moving<F>, work: Work): Work {
  const ended = (ok: boolean, value: unknown): void => {
    call.running -= 1;
    tellLate(call, ok, value);
  };
  return (context) => {
    call.running += 1;
    try {
      const result = work(context);
      if (isThenable(result)) {
        result.then(
          (value) => ended(true, value),
          (error) => ended(false, error),
        );
      } else ended(true, result);
      return result;
    } catch (error) {
      ended(false, error);
      throw error;
    }
  };
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
