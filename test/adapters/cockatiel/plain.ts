// Cockatiel's policies without a state of their own, and what joins policies.
import { compose } from "../../../src/policies/compose.ts";
import { fallback as ours } from "../../../src/policies/strategies/fallback.ts";
import type { Event } from "./events.ts";
import {
  Executor,
  Handled,
  type IDefaultPolicyContext,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  neverAborted,
  type Policy,
  unwrap,
} from "./policy.ts";

type Run<T> = (context: IDefaultPolicyContext) => PromiseLike<T> | T;

export class NoopPolicy implements IPolicy {
  readonly #executor = new Executor();
  readonly #pipeline = compose({ name: "noop" });
  readonly onSuccess: Event<ISuccessEvent> = this.#executor.onSuccess;
  readonly onFailure: Event<IFailureEvent> = this.#executor.onFailure;

  async execute<T>(fn: Run<T>, signal: AbortSignal = neverAborted): Promise<T> {
    return await this.#pipeline.run(() => this.#executor.attempt(() => fn({ signal })));
  }
}

export const noop: NoopPolicy = new NoopPolicy();

export class FallbackPolicy<R> implements IPolicy {
  readonly #executor: Executor;
  readonly #give: () => PromiseLike<R> | R;
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;

  constructor(policy: Policy, give: () => PromiseLike<R> | R) {
    this.#executor = new Executor(policy);
    this.#give = give;
    this.onSuccess = this.#executor.onSuccess;
    this.onFailure = this.#executor.onFailure;
  }

  async execute<T>(fn: Run<T>, signal: AbortSignal = neverAborted): Promise<T | R> {
    const strategy = ours({ when: (error) => error instanceof Handled, give: () => this.#give() });
    const run = compose({ name: "fallback" }, strategy).run<T | R>(() =>
      this.#executor.attempt(() => fn({ signal })),
    );
    return (await unwrap(run)) as T | R;
  }
}

export function fallback<R>(
  policy: Policy,
  given: (() => PromiseLike<R> | R) | R,
): FallbackPolicy<R> {
  const give = typeof given === "function" ? (given as () => PromiseLike<R> | R) : () => given;
  return new FallbackPolicy(policy, give);
}

/** The first is the outermost; the function is given what all of them give it. */
export function wrap(...policies: IPolicy[]): IPolicy & { readonly wrapped: readonly IPolicy[] } {
  const [outermost = noop] = policies;
  return {
    onSuccess: outermost.onSuccess,
    onFailure: outermost.onFailure,
    wrapped: policies,
    execute: async (fn, signal = neverAborted) => {
      const run = (context: IDefaultPolicyContext, i: number): unknown => {
        const policy = policies[i];
        if (policy === undefined) return fn(context);
        return policy.execute((more) => run({ ...context, ...more }, i + 1), context.signal);
      };
      return await run({ signal }, 0);
    },
  };
}

/** A decorator (in the old form) that puts a method behind a policy; a last AbortSignal is the call's. */
export function usePolicy(
  policy: IPolicy,
): (target: unknown, key: string, descriptor: PropertyDescriptor) => void {
  return (_target, _key, descriptor) => {
    const inner: unknown = descriptor.value;
    if (typeof inner !== "function")
      throw new Error(`Can only decorate functions with @cockatiel, got ${typeof inner}`);
    descriptor.value = function (this: unknown, ...args: unknown[]) {
      const last = args.at(-1);
      const signal = last instanceof AbortSignal ? last : undefined;
      const given = signal ? args.slice(0, -1) : args;
      return policy.execute((context) => inner.apply(this, [...given, context]), signal);
    };
  };
}
