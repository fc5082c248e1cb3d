// Cockatiel's retry over ours.
import { compose } from "../../../src/policies/compose.ts";
import { retry as ours } from "../../../src/policies/retry/retry.ts";
import { adapterClock } from "../clock.ts";
import { ConstantBackoff, type IBackoffFactory } from "./backoff.ts";
import { type Event, EventEmitter } from "./events.ts";
import {
  Executor,
  type FailureReason,
  Handled,
  type IDefaultPolicyContext,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  neverAborted,
  type Policy,
  unwrap,
  Waiting,
} from "./policy.ts";

export interface IRetryContext extends IDefaultPolicyContext {
  attempt: number;
}

export interface IRetryBackoffContext<R> extends IRetryContext {
  result: FailureReason<R>;
}

export interface IRetryOptions {
  /** Repeats, as theirs are. */
  maxAttempts?: number;
  backoff?: IBackoffFactory<IRetryBackoffContext<unknown>>;
}

export type IRetryEvent = FailureReason<unknown> & { delay: number; attempt: number };

const clock = adapterClock();
const unrefClock = adapterClock({ unref: true });

/** Theirs always waits for a timer, ours only for a delay above nothing. */
const leastDelayMs = Number.MIN_VALUE;

export class RetryPolicy implements IPolicy<IRetryContext> {
  readonly #options: IRetryOptions;
  readonly #policy: Policy;
  readonly #unref: boolean;
  readonly #executor: Executor;
  readonly #retried = new EventEmitter<IRetryEvent>();
  readonly #gaveUp = new EventEmitter<FailureReason<unknown>>();
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;
  readonly onRetry: Event<IRetryEvent> = this.#retried.addListener;
  readonly onGiveUp: Event<FailureReason<unknown>> = this.#gaveUp.addListener;

  constructor(options: IRetryOptions, policy: Policy, unref = false) {
    this.#options = options;
    this.#policy = policy;
    this.#unref = unref;
    this.#executor = new Executor(policy);
    this.onSuccess = this.#executor.onSuccess;
    this.onFailure = this.#executor.onFailure;
  }

  dangerouslyUnref(): RetryPolicy {
    return new RetryPolicy(this.#options, this.#policy, true);
  }

  async execute<T>(
    fn: (context: IRetryContext) => PromiseLike<T> | T,
    signal: AbortSignal = neverAborted,
  ): Promise<T> {
    const { maxAttempts = Number.POSITIVE_INFINITY, backoff = new ConstantBackoff(0) } =
      this.#options;
    let failure = new Handled({ value: undefined });
    let delays = backoff;
    const strategy = ours({
      clock: this.#unref ? unrefClock : clock,
      retries: maxAttempts,
      budget: false,
      retryAfter: false,
      when: (error) => {
        if (!(error instanceof Handled)) return false;
        failure = error;
        return !signal.aborted;
      },
      backoff: (n) => {
        const { reason } = failure;
        const attempt = n + 1;
        const next = delays.next({ attempt, signal, result: reason });
        delays = next;
        const delay = next.duration;
        // Once the timer stands: listeners may move a faked clock on.
        queueMicrotask(() => this.#retried.emit({ ...reason, delay, attempt }));
        return Math.max(delay, leastDelayMs);
      },
    });
    using waiting = new Waiting(signal, () => failure);
    const run = compose({ name: "retry" }, strategy).run(
      ({ attempt }) => waiting.run(() => this.#executor.attempt(() => fn({ attempt, signal }))),
      { signal: waiting.signal },
    );
    return await unwrap(run, (reason) => this.#gaveUp.emit(reason));
  }
}

export function retry(policy: Policy, options: IRetryOptions): RetryPolicy {
  return new RetryPolicy(options, policy);
}
