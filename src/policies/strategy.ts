// The contract of a resilience strategy: hooks around one call, or a function around the rest.
import type { Counters } from "./counters.ts";
import type { Rejection } from "./rejection.ts";

/** What a caller may say of one call. */
export interface RunOptions {
  /** The caller's own: the call ends with its reason, untouched. */
  readonly signal?: AbortSignal | undefined;
  /** Names the operation, for budgets, caches and events. */
  readonly key?: string | undefined;
  /** What is shed last has the lowest number; for strategies that turn calls down. Default 1. */
  readonly priority?: number | undefined;
}

/** What the user's function is given. */
export interface RunContext {
  /** Aborts when the caller or a strategy ends the attempt; made when it is first read. */
  readonly signal: AbortSignal;
  /** 0 for the first attempt. */
  readonly attempt: number;
  /** A name the caller gave the operation, for budgets, caches and events. */
  readonly key: string | undefined;
  /** As the caller gave it. */
  readonly priority: number | undefined;
}

/** The user's function; a promise or a plain value is taken. */
export type Work = (context: RunContext) => unknown;

/** A hook's answer: the call stays where it is until the strategy moves it on. */
export const held: unique symbol = Symbol("held");

/** An answer of `exit`: run everything further in once more, as the next attempt. */
export const repeat: unique symbol = Symbol("repeat");

/** A result that a strategy puts in the place of another. */
export class Replaced {
  readonly ok: boolean;
  readonly value: unknown;
  constructor(ok: boolean, value: unknown) {
    this.ok = ok;
    this.value = value;
  }
}

/**
 * undefined: go on inward · `held`: the strategy calls `call.resume` or `call.settle` later · a
 * Rejection: the call is refused here · a Replaced: this is the result, nothing further in runs.
 */
export type Entered = undefined | typeof held | Rejection | Replaced;

/**
 * undefined: the result stands · `repeat` · `held`: the strategy calls `call.again` or
 * `call.settle` later · a Replaced takes the result's place.
 */
export type Exited = undefined | typeof held | typeof repeat | Replaced;

/** One call on its way through the strategies, as a hook sees it. */
export interface Call {
  /** The place of the strategy at `level` for what it must remember of this call. */
  readonly slots: unknown[];
  readonly key: string | undefined;
  readonly priority: number | undefined;
  /** 0, or inside a function strategy the attempt that it runs. */
  readonly attempt: number;
  /** The name of the pipeline. */
  readonly pipeline: string;
  readonly counters: Counters;
  /** How often the work was repeated. */
  readonly repeats: number;
  /** How many runs of the work have not ended, those included that nobody waits for. */
  readonly running: number;
  /** `exit` is called because something further out ended the call; its answer is ignored. */
  readonly unwinding: boolean;
  /** The caller's own abort ended the call (only while unwinding). */
  readonly cancelled: boolean;
  /** Moves a call further in that `enter` of `level` held. */
  resume(level: number): void;
  /** Runs everything inside `level` once more; for a call that `exit` of `level` held. */
  again(level: number): void;
  /**
   * Ends what runs inside `level` (innermost is left first, a failure aborts the signal) and goes
   * outward from it with this result; `exit` of `level` itself is not called. With `beaten`, what runs
   * inside ends with that failure, though the result is another.
   */
  settle(level: number, ok: boolean, value: unknown, beaten?: unknown): void;
  /**
   * Runs everything inside `level` once more beside what runs already, with a signal of its own; what
   * it comes to is the strategy's to use. Nobody need await it.
   */
  fork(level: number, signal: AbortSignal): Promise<unknown>;
  /** As `settle` with what the promise becomes; for a call that `level` holds. */
  follow(level: number, promise: PromiseLike<unknown>): void;
  /**
   * Aborts the signal and waits for the work to end; nothing inside `level` is repeated any more.
   * The strategy's `exit` then sees whatever the work made of it.
   */
  stop(level: number, value: unknown): void;
}

/** What a strategy offers beyond its calls, to the registry and to whoever watches it. */
interface Kept {
  /**
   * Takes over the settings of `fresh`, which has seen no call, and keeps its own state and the calls
   * it has under way. False when `fresh` is of another kind: it then takes this one's place.
   */
  reload?(fresh: Strategy<unknown>): boolean;
  /** What it is like now, for listings and metrics: name in snake_case, unit as the last word. */
  figures?(): Readonly<Record<string, number>>;
}

/**
 * Hooks run synchronously: `enter` from the outermost strategy inward, `exit` back outward.
 * `exit` follows once on each `enter` that is absent or answered undefined or `held`, also when something further
 * out ended the call (`call.unwinding`). A failure's `value` may be a Rejection whose error is not
 * yet built: `errorOf(value)` gives what the caller will see.
 */
export interface HookStrategy<Adds = never> extends Kept {
  readonly name: string;
  /** False when it never ends running work: the caller's own signal may then be passed on. */
  readonly aborts?: boolean;
  /** True when it calls functions of the user, which then run in the caller's async context. */
  readonly callsUser?: boolean;
  /** Only for types: what results it may add to those of the work. */
  readonly adds?: Adds;
  /** Left out when there is nothing to do on the way in. */
  enter?(call: Call, level: number): Entered;
  /** True when `exit` does nothing with a success: it is then not called with one, which is cheaper. */
  readonly onlyFailures?: boolean;
  exit(call: Call, level: number, ok: boolean, value: unknown): Exited;
  /**
   * Something further out has told the work to end, by its signal, and waits for it: what the
   * strategy runs beside that has to end too, and nothing more may begin.
   */
  stop?(call: Call, level: number, value: unknown): void;
  /**
   * A run of the work has ended that nobody waited for any more, or that was one of several at once;
   * `call.running` tells how many are left.
   */
  late?(call: Call, level: number, ok: boolean, value: unknown): void;
}

/** Runs what lies further in; aborting `signal` ends it, without one the context's is used. */
export type Next = (signal?: AbortSignal) => Promise<unknown>;

/** Runs the rest of the pipeline as often as it likes: never, once, or several times at once. */
export interface AroundStrategy<Adds = never> extends Kept {
  readonly name: string;
  readonly adds?: Adds;
  around(next: Next, context: RunContext, counters: Counters): Promise<unknown>;
}

/** A strategy of one's own is either; it needs no registration. */
export type Strategy<Adds = never> = HookStrategy<Adds> | AroundStrategy<Adds>;
