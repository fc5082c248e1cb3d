// Cockatiel's back-offs; those that grow are ours.
import { systemRandom } from "../../../src/kernel/random.ts";
import {
  type Backoff,
  type BackoffState,
  backoff,
  type Jitter,
} from "../../../src/policies/retry/backoff.ts";

export interface IBackoffFactory<T> {
  next(context: T): IBackoff<T>;
}

export interface IBackoff<T> extends IBackoffFactory<T> {
  /** Milliseconds. */
  readonly duration: number;
}

export class ConstantBackoff implements IBackoff<unknown> {
  readonly duration: number;
  constructor(interval: number) {
    this.duration = interval;
  }
  next(): IBackoff<unknown> {
    return this;
  }
}

/** One delay after the other, the last again and again. */
export class IterableBackoff implements IBackoffFactory<unknown> {
  readonly #durations: readonly number[];
  constructor(durations: readonly number[]) {
    this.#durations = durations;
  }
  next(): IBackoff<unknown> {
    const at = (index: number): IBackoff<unknown> => ({
      duration: this.#durations[index] ?? 0,
      next: () => at(Math.min(index + 1, this.#durations.length - 1)),
    });
    return at(0);
  }
}

export type DelegateBackoffFn<T, S = void> = (
  context: T,
  state?: S,
) => { delay: number; state: S } | number;

export class DelegateBackoff<T, S = void> implements IBackoffFactory<T> {
  readonly #ask: DelegateBackoffFn<T, S>;
  constructor(ask: DelegateBackoffFn<T, S>) {
    this.#ask = ask;
  }
  next(context: T): IBackoff<T> {
    const after = (asked: T, state: S | undefined): IBackoff<T> => {
      const given = this.#ask(asked, state);
      const { delay, state: kept } = typeof given === "number" ? { delay: given, state } : given;
      return { duration: delay, next: (later) => after(later, kept) };
    };
    return after(context, undefined);
  }
}

export interface IExponentialBackoffOptions<S> {
  generator: GeneratorFn<S>;
  maxDelay: number;
  exponent: number;
  initialDelay: number;
}

export type GeneratorFn<S> = (
  state: S | undefined,
  options: IExponentialBackoffOptions<S>,
) => [delay: number, state: S];

/** How often a generator was asked, and what our jitter remembers. */
export type Grown = readonly [n: number, state: BackoffState];

function generatorOf(jitter: Jitter): GeneratorFn<Grown> {
  const made = new WeakMap<object, Backoff>();
  return (grown, options) => {
    const { initialDelay: baseMs, maxDelay: maxMs, exponent: factor } = options;
    const known = made.get(options) ?? backoff({ baseMs, maxMs, factor, jitter });
    made.set(options, known);
    const [n, state] = grown ?? [0, { last: 0 }];
    const own = { ...state };
    return [known(n, own, systemRandom), [n + 1, own]];
  };
}

export const noJitterGenerator: GeneratorFn<Grown> = generatorOf("none");
export const fullJitterGenerator: GeneratorFn<Grown> = generatorOf("full");
export const halfJitterGenerator: GeneratorFn<Grown> = generatorOf("equal");
export const decorrelatedJitterGenerator: GeneratorFn<Grown> = generatorOf("polly-v2");

export class ExponentialBackoff<S = Grown> implements IBackoffFactory<unknown> {
  readonly #options: IExponentialBackoffOptions<S>;
  constructor(options: Partial<IExponentialBackoffOptions<S>> = {}) {
    const generator = (options.generator ?? decorrelatedJitterGenerator) as GeneratorFn<S>;
    this.#options = { maxDelay: 30_000, exponent: 2, initialDelay: 128, ...options, generator };
  }
  next(): IBackoff<unknown> {
    const after = (state: S | undefined): IBackoff<unknown> => {
      const [duration, next] = this.#options.generator(state, this.#options);
      return { duration, next: () => after(next) };
    };
    return after(undefined);
  }
}
