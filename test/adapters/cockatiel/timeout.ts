// Cockatiel's timeout over ours.
import type { Clock } from "../../../src/kernel/clock.ts";
import { HomeostatError } from "../../../src/kernel/errors.ts";
import { compose } from "../../../src/policies/compose.ts";
import { timeout as ours } from "../../../src/policies/strategies/timeout.ts";
import type { RunContext } from "../../../src/policies/strategy.ts";
import { adapterClock } from "../clock.ts";
import { TaskCancelledError } from "./errors.ts";
import { type Event, EventEmitter } from "./events.ts";
import {
  Executor,
  type IDefaultPolicyContext,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  unwrap,
} from "./policy.ts";

export const TimeoutStrategy: {
  readonly Cooperative: "optimistic";
  readonly Aggressive: "aggressive";
} = { Cooperative: "optimistic", Aggressive: "aggressive" };
export type TimeoutStrategy = (typeof TimeoutStrategy)[keyof typeof TimeoutStrategy];

export interface ITimeoutOptions {
  strategy: TimeoutStrategy;
  /** Whether the signal aborts when the call has ended well too; default true. */
  abortOnReturn?: boolean;
}

type Timed<T> = (context: IDefaultPolicyContext, signal: AbortSignal) => PromiseLike<T> | T;

/** Suites use timeouts of few milliseconds: for those a tick of ours is no longer than they are. */
const tickMs = 10;

export class TimeoutPolicy implements IPolicy {
  readonly #duration: number;
  readonly #options: ITimeoutOptions;
  readonly #grain: number;
  readonly #clock: Clock;
  readonly #executor: Executor;
  readonly #timedOut = new EventEmitter<void>();
  readonly onTimeout: Event<void> = this.#timedOut.addListener;
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;

  constructor(
    duration: number,
    options: ITimeoutOptions,
    executor: Executor = new Executor(),
    unref = false,
  ) {
    this.#duration = duration;
    this.#options = options;
    this.#grain = Math.ceil(tickMs / Math.max(1, Math.min(tickMs, duration)));
    this.#clock = adapterClock({ grain: this.#grain, unref });
    this.#executor = executor;
    this.onSuccess = executor.onSuccess;
    this.onFailure = executor.onFailure;
  }

  dangerouslyUnref(): TimeoutPolicy {
    return new TimeoutPolicy(this.#duration, this.#options, this.#executor, true);
  }

  async execute<T>(fn: Timed<T>, signal?: AbortSignal): Promise<T> {
    const racing = this.#options.strategy === TimeoutStrategy.Aggressive;
    const strategy = ours({
      ms: this.#duration * this.#grain,
      mode: racing ? "racing" : "cooperative",
      clock: this.#clock,
    });
    const returned = new AbortController();
    const work = ({ signal: timed }: RunContext): PromiseLike<T> | T => {
      timed.addEventListener("abort", () => isTimeout(timed.reason) && this.#timedOut.emit());
      const linked = AbortSignal.any([timed, returned.signal, ...(signal ? [signal] : [])]);
      return fn({ signal: linked }, linked);
    };
    const run = async (): Promise<T> => {
      try {
        // A caller's abort ends a racing call; a cooperative one is told, and ends by itself.
        return await compose({ name: "timeout" }, strategy).run(work, racing ? { signal } : {});
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new TaskCancelledError(`Operation timed out after ${this.#duration}ms`);
      }
    };
    try {
      return await unwrap(this.#executor.attempt(run));
    } finally {
      if (this.#options.abortOnReturn !== false) returned.abort();
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof HomeostatError && error.code === "TIMED_OUT";
}

export function timeout(duration: number, given: TimeoutStrategy | ITimeoutOptions): TimeoutPolicy {
  return new TimeoutPolicy(duration, typeof given === "string" ? { strategy: given } : given);
}
