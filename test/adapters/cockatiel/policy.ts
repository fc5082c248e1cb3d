// What cockatiel's policies handle, what they tell, and how a call's handled failure travels through ours.
import { type Event, EventEmitter } from "./events.ts";

export type FailureReason<R> = { error: unknown } | { value: R };

export interface ISuccessEvent {
  /** Milliseconds. */
  duration: number;
}

export interface IFailureEvent extends ISuccessEvent {
  handled: boolean;
  reason: FailureReason<unknown>;
}

export interface IDefaultPolicyContext {
  signal: AbortSignal;
}

export interface IPolicy<C extends IDefaultPolicyContext = IDefaultPolicyContext> {
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;
  execute<T>(fn: (context: C) => PromiseLike<T> | T, signal?: AbortSignal): Promise<unknown>;
}

type Constructor<T> = abstract new (...args: never[]) => T;
type Filter = (value: unknown) => boolean;

export interface IBasePolicyOptions {
  readonly errorFilter: Filter;
  readonly resultFilter: Filter;
}

const never: Filter = () => false;

function ofType<T>(cls: Constructor<T>, predicate?: (value: T) => boolean): Filter {
  return (value) => value instanceof cls && (predicate === undefined || predicate(value));
}

function either(one: Filter, other: Filter): Filter {
  return (value) => one(value) || other(value);
}

/** Which errors and results are failures that a policy deals with. */
export class Policy {
  readonly options: IBasePolicyOptions;
  constructor(options: IBasePolicyOptions) {
    this.options = options;
  }

  orType<T>(cls: Constructor<T>, predicate?: (error: T) => boolean): Policy {
    return this.orWhen(ofType(cls, predicate));
  }
  orWhen(predicate: Filter): Policy {
    const { errorFilter, resultFilter } = this.options;
    return new Policy({ errorFilter: either(errorFilter, predicate), resultFilter });
  }
  orResultType<T>(cls: Constructor<T>, predicate?: (value: T) => boolean): Policy {
    return this.orWhenResult(ofType(cls, predicate));
  }
  orWhenResult(predicate: Filter): Policy {
    const { errorFilter, resultFilter } = this.options;
    return new Policy({ errorFilter, resultFilter: either(resultFilter, predicate) });
  }
}

const handleNone = new Policy({ errorFilter: never, resultFilter: never });
export const handleAll: Policy = handleNone.orWhen(() => true);

export function handleType<T>(cls: Constructor<T>, predicate?: (error: T) => boolean): Policy {
  return handleNone.orType(cls, predicate);
}
export function handleWhen(predicate: Filter): Policy {
  return handleNone.orWhen(predicate);
}
export function handleResultType<T>(
  cls: Constructor<T>,
  predicate?: (value: T) => boolean,
): Policy {
  return handleNone.orResultType(cls, predicate);
}
export function handleWhenResult(predicate: Filter): Policy {
  return handleNone.orWhenResult(predicate);
}

/** A failure that the policy handles, as the error that ours are made to look for. */
export class Handled {
  readonly reason: FailureReason<unknown>;
  constructor(reason: FailureReason<unknown>) {
    this.reason = reason;
  }
}

/** Tells how each run ended, and marks those failures that its policy handles. */
export class Executor {
  readonly #options: IBasePolicyOptions;
  readonly #succeeded = new EventEmitter<ISuccessEvent>();
  readonly #failed = new EventEmitter<IFailureEvent>();
  readonly onSuccess: Event<ISuccessEvent> = this.#succeeded.addListener;
  readonly onFailure: Event<IFailureEvent> = this.#failed.addListener;

  constructor(policy: Policy = handleNone) {
    this.#options = policy.options;
  }

  /** The value of a success; rejects with a Handled or with an error that is not handled. */
  async attempt<T>(work: () => PromiseLike<T> | T): Promise<T> {
    const startedAt = performance.now();
    const duration = (): number => performance.now() - startedAt;
    let reason: FailureReason<unknown>;
    let handled: boolean;
    try {
      const value = await work();
      handled = this.#options.resultFilter(value);
      if (!handled) {
        this.#succeeded.emit({ duration: duration() });
        return value;
      }
      reason = { value };
    } catch (error) {
      handled = this.#options.errorFilter(error);
      reason = { error };
    }
    this.#failed.emit({ duration: duration(), handled, reason });
    if (!handled && "error" in reason) throw reason.error;
    throw new Handled(reason);
  }
}

/** The call's own result again: a handled failure ends as the error or the value that it was. */
export async function unwrap<T>(
  run: PromiseLike<T>,
  told: (reason: FailureReason<unknown>) => void = () => {},
): Promise<T> {
  try {
    return await run;
  } catch (failure) {
    if (!(failure instanceof Handled)) throw failure;
    const { reason } = failure;
    told(reason);
    if ("error" in reason) throw reason.error;
    return reason.value as T;
  }
}

/** For calls whose caller gave none. */
export const neverAborted: AbortSignal = new AbortController().signal;

/**
 * Theirs do not end what runs when the caller aborts, they tell it; ours do end the call. So ours
 * is given this signal, which follows the caller's only while nothing of the caller's runs.
 */
export class Waiting {
  readonly #ended = new AbortController();
  readonly #caller: AbortSignal;
  readonly #abort: () => void;
  #running = false;

  /** `reason` is what the call then ends with. */
  constructor(caller: AbortSignal, reason: () => unknown) {
    this.#caller = caller;
    this.#abort = () => {
      if (!this.#running) this.#ended.abort(reason());
    };
    caller.addEventListener("abort", this.#abort);
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  async run<T>(work: () => PromiseLike<T> | T): Promise<T> {
    this.#running = true;
    try {
      return await work();
    } finally {
      this.#running = false;
    }
  }

  [Symbol.dispose](): void {
    this.#caller.removeEventListener("abort", this.#abort);
  }
}
