// Makes a pipeline of strategies in one's own order, and gives it its three verbs.
import type { Clock } from "../kernel/clock.ts";
import type { Counters } from "./counters.ts";
import { Chain } from "./engine/chain.ts";
import type { Reason } from "./rejection.ts";
import type { RunContext, RunOptions, Strategy, Work } from "./strategy.ts";

/** `rejected` tells a strategy's refusal from a failure of the work itself. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly rejected?: Reason | undefined };

/** How a wrapped function's calls run. */
export interface WrapOptions<This, Args extends readonly unknown[]> {
  /** The signal of a call, taken from its arguments. */
  readonly signal?: (this: This, ...args: Args) => AbortSignal | undefined;
  readonly key?: (this: This, ...args: Args) => string | undefined;
  readonly priority?: (this: This, ...args: Args) => number | undefined;
}

/**
 * Runs functions behind its strategies. `Bound` is what results may be (the parameter of result
 * predicates), `Adds` what a fallback adds to them.
 */
export interface Pipeline<Bound = unknown, Adds = never> {
  readonly name: string;
  /** Outermost first. */
  readonly strategies: readonly Strategy<unknown>[];
  readonly counters: Counters;
  /** Resolves with the result of `work`; rejects with its error, a refusal or the caller's reason. */
  run<T extends Bound>(
    work: (context: RunContext) => T | PromiseLike<T>,
    options?: RunOptions,
  ): Promise<T | Adds>;
  /** As `run`, with the failure as a value: cheaper where refusals are many. Never rejects. */
  tryRun<T extends Bound>(
    work: (context: RunContext) => T | PromiseLike<T>,
    options?: RunOptions,
  ): Promise<Outcome<T | Adds>>;
  /** The same function behind the pipeline; arguments and `this` are passed on as they are. */
  wrap<This, Args extends unknown[], T extends Bound>(
    work: (this: This, ...args: Args) => T | PromiseLike<T>,
    options?: WrapOptions<This, Args>,
  ): (this: This, ...args: Args) => Promise<T | Adds>;
  /** As `wrap`, for a function whose last parameter is the context of the run. */
  wrapWithContext<This, Args extends unknown[], T extends Bound>(
    work: (this: This, ...args: [...Args, RunContext]) => T | PromiseLike<T>,
    options?: WrapOptions<This, Args>,
  ): (this: This, ...args: Args) => Promise<T | Adds>;
}

export interface ComposeOptions {
  /** Names the pipeline in errors, events and metrics; "composed" if left out. */
  readonly name?: string;
  readonly clock?: Clock;
}

/** What the strategies may add to the results of the work. */
export type Added<S extends readonly Strategy<unknown>[]> = S[number] extends infer One
  ? One extends { readonly adds?: infer Adds }
    ? Exclude<Adds, undefined>
    : never
  : never;

/** A pipeline of these strategies, the outermost first. */
export function compose<const S extends readonly Strategy<unknown>[]>(
  ...strategies: S
): Pipeline<unknown, Added<S>>;
export function compose<const S extends readonly Strategy<unknown>[]>(
  options: ComposeOptions,
  ...strategies: S
): Pipeline<unknown, Added<S>>;
export function compose(
  ...parts: readonly (ComposeOptions | Strategy<unknown>)[]
): Pipeline<unknown, unknown> {
  const strategies = parts.filter(isStrategy);
  const [options = {}] = parts.filter((part) => !isStrategy(part)) as ComposeOptions[];
  const pipeline: unknown = new Composed(options.name ?? "composed", strategies, options.clock);
  return pipeline as Pipeline;
}

function isStrategy(part: ComposeOptions | Strategy<unknown>): part is Strategy<unknown> {
  return "exit" in part || "around" in part;
}

/** What the types of its face promise is passed through the chain untouched. */
export class Composed {
  readonly name: string;
  readonly counters: Counters;
  #chain: Chain;

  constructor(name: string, strategies: readonly Strategy<unknown>[], clock: Clock | undefined) {
    this.name = name;
    this.#chain = new Chain(name, strategies, clock);
    this.counters = this.#chain.counters;
  }

  get strategies(): readonly Strategy<unknown>[] {
    return this.#chain.strategies;
  }

  /** Later calls go through these; those under way keep the ones they began with. */
  protected restring(strategies: readonly Strategy<unknown>[]): void {
    this.#chain = new Chain(this.name, strategies, this.#chain.clock, this.counters);
  }

  run(work: Work, options?: RunOptions): Promise<unknown> {
    return this.#chain.run(work, options);
  }

  tryRun(work: Work, options?: RunOptions): Promise<unknown> {
    return this.#chain.tryRun(work, options);
  }

  wrap(work: Wrapped, options?: AnyWrapOptions): Wrapped {
    return this.#wrap(work, options, false);
  }

  wrapWithContext(work: Wrapped, options?: AnyWrapOptions): Wrapped {
    return this.#wrap(work, options, true);
  }

  #wrap(work: Wrapped, options: AnyWrapOptions | undefined, appends: boolean): Wrapped {
    const run = (inner: Work, given?: RunOptions) => this.#chain.run(inner, given);
    return function (this: unknown, ...args) {
      const call: Work = (context) => work.apply(this, appends ? [...args, context] : args);
      try {
        return run(call, options && given(options, this, args));
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }
}

function given(options: AnyWrapOptions, self: unknown, args: unknown[]): RunOptions {
  return {
    signal: options.signal?.apply(self, args),
    key: options.key?.apply(self, args),
    priority: options.priority?.apply(self, args),
  };
}

type Wrapped = (this: unknown, ...args: unknown[]) => unknown;
type AnyWrapOptions = WrapOptions<unknown, unknown[]>;
