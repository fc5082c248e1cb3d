// Repeats work that failed, after a growing delay with chance in it and within a shared budget.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { type Random, systemRandom } from "../../kernel/random.ts";
import { retryAfterOf } from "../../kernel/retry-after.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { events, type PolicyEvent } from "../events.ts";
import {
  answered,
  anything,
  atLeast,
  called,
  checkOptions,
  named,
  oneOf,
  whole,
} from "../options.ts";
import { errorOf, reasonOf, refusalOf } from "../rejection.ts";
import {
  type Call,
  type Exited,
  type HookStrategy,
  held,
  Replaced,
  repeat,
  type Strategy,
} from "../strategy.ts";
import { type Backoff, type BackoffOptions, type BackoffState, backoff } from "./backoff.ts";
import { type BudgetOptions, RetryBudget } from "./budget.ts";

export interface RetryOptions<Bound = unknown> {
  /** Repeats after the first attempt: 2 means up to 3 attempts. Default 2. */
  readonly retries?: number;
  /** Default: exponential from 100 ms, at most 30 s, full jitter. 0 repeats at once. */
  readonly backoff?: BackoffOptions | Backoff | 0;
  /**
   * Which errors are worth a repeat. Default: all but refusals of our own strategies (open breaker,
   * full bulkhead, …), the caller's abort and errors whose `retryable` is false; timeouts are.
   */
  readonly when?: (error: unknown, attempt: number) => boolean;
  /** What to do on an open breaker further in: give up (default), or wait for as long as it says. */
  readonly whenOpen?: "stop" | "wait";
  /** Which results are as bad as an error; default none. */
  readonly whenResult?: (value: Bound, attempt: number) => boolean;
  /** Repeats spent, the last bad result is returned; with this, what it makes of it is thrown. */
  readonly throwResult?: (value: Bound) => unknown;
  /** What the target asks to wait, in ms; default: Retry-After. It replaces a shorter back-off. */
  readonly retryAfter?: false | ((failure: unknown) => number | undefined);
  /** A target that asks for more than this is not asked again; default 60,000. */
  readonly maxRetryAfterMs?: number;
  /** Default: an own budget of 20 % and 10 a second. `false`: none. */
  readonly budget?: RetryBudget | BudgetOptions | false;
  readonly name?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a call that failed at least once is remembered by. */
interface Repeating extends BackoffState {
  repeats: number;
  cancel: (() => void) | undefined;
}

/** `retry(2)` is short for `retry({ retries: 2 })`. */
export function retry<Bound = unknown>(options: number | RetryOptions<Bound> = {}): HookStrategy {
  const given = typeof options === "number" ? { retries: options } : options;
  checkOptions<RetryOptions<Bound>>("retry", given, rules);
  // The pipeline's own parameter holds the predicates to the results that its work gives.
  return new Retry(given as RetryOptions, given.retries ?? 2);
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const rules = {
  retries: whole(0),
  backoff: (value: unknown) =>
    value === 0 || typeof value === "function" || isObject(value)
      ? undefined
      : "0, a function, or options",
  when: called,
  whenOpen: oneOf("stop", "wait"),
  whenResult: called,
  throwResult: called,
  retryAfter: (value: unknown) =>
    value === false || typeof value === "function" ? undefined : "false or a function",
  maxRetryAfterMs: atLeast(0),
  budget: (value: unknown) =>
    value === false || isObject(value) ? undefined : "false, a budget, or its options",
  name: named,
  clock: anything,
  random: called,
};

class Retry implements HookStrategy {
  readonly name: string;
  readonly aborts = false;
  onlyFailures: boolean;
  #options: RetryOptions;
  #retries: number;
  #backoff: Backoff | undefined;
  #whenResult: RetryOptions["whenResult"];
  #budget: RetryBudget | undefined;
  readonly #ticker: Ticker;
  readonly #random: Random;

  constructor(options: RetryOptions, retries: number) {
    const { clock = systemClock, budget } = options;
    this.name = options.name ?? "retry";
    this.#options = options;
    this.#retries = retries;
    this.onlyFailures = options.whenResult === undefined;
    this.#backoff = backoffOf(options.backoff);
    this.#whenResult = options.whenResult;
    if (budget instanceof RetryBudget) this.#budget = budget;
    else if (budget !== false) this.#budget = new RetryBudget({ clock, ...budget });
    this.#ticker = tickerOf(clock);
    this.#random = options.random ?? systemRandom;
  }

  enter(call: Call, level: number): undefined {
    call.slots[level] = undefined;
    this.#budget?.deposit(call.key);
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): Exited {
    if (ok && this.#whenResult === undefined) return undefined;
    const state = call.slots[level] as Repeating | undefined;
    if (call.unwinding) {
      state?.cancel?.();
      return undefined;
    }
    const repeats = state === undefined ? 0 : state.repeats;
    if (!this.#worth(ok, value, repeats)) return undefined;
    return this.#repeat(call, level, ok, value, state ?? { repeats, last: 0, cancel: undefined });
  }

  #worth(ok: boolean, value: unknown, attempt: number): boolean {
    if (ok) return answered("retry: whenResult", this.#whenResult?.(value, attempt));
    const { when } = this.#options;
    const reason = reasonOf(value);
    // An open breaker stays open for longer than any back-off: attempts on it are burnt.
    if (reason === "open")
      return this.#options.whenOpen === "wait" && this.#asked(ok, value) !== undefined;
    if (when) return answered("retry: when", when(errorOf(value), attempt));
    if (reason !== undefined) return reason === "timeout";
    return !(value instanceof HomeostatError) || value.retryable;
  }

  /** Milliseconds the target, or a breaker on its behalf, asks to wait. */
  #asked(ok: boolean, value: unknown): number | undefined {
    const { clock = systemClock, retryAfter } = this.#options;
    const refused = refusalOf(value);
    if (refused) return refused.retryAfterMs;
    if (retryAfter === false) return undefined;
    return retryAfter ? retryAfter(ok ? value : errorOf(value)) : retryAfterOf(value, clock);
  }

  #repeat(call: Call, level: number, ok: boolean, value: unknown, state: Repeating): Exited {
    const n = state.repeats;
    if (n >= this.#retries) return this.#spent(call, "retries-exhausted", ok, value, n);
    const asked = this.#asked(ok, value);
    if (asked !== undefined && asked > (this.#options.maxRetryAfterMs ?? 60_000)) {
      return this.#spent(call, "retries-exhausted", ok, value, n);
    }
    if (this.#budget && !this.#budget.withdraw(call.key)) {
      call.counters.rejected.budget += 1;
      return this.#spent(call, "retry-budget-spent", ok, value, n);
    }
    const own = this.#backoff ? this.#backoff(n, state, this.#random) : 0;
    const delayMs = asked !== undefined && asked > own ? asked : own;
    state.repeats = n + 1;
    call.slots[level] = state;
    call.counters.retries += 1;
    if (events.hasSubscribers) this.#tell(call, "retry", ok, value, n + 1, delayMs);
    if (!(delayMs > 0)) return repeat;
    state.cancel = this.#ticker.after(delayMs, () => {
      state.cancel = undefined;
      call.again(level);
    });
    return held;
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Retry)) return false;
    const [own, next] = [this.#budget, fresh.#budget];
    const shares = [this, fresh].some((one) => one.#options.budget instanceof RetryBudget);
    if (own && next && !shares) own.reload(next);
    else this.#budget = next;
    this.#options = fresh.#options;
    this.#retries = fresh.#retries;
    this.#backoff = fresh.#backoff;
    this.#whenResult = fresh.#whenResult;
    this.onlyFailures = fresh.onlyFailures;
    return true;
  }

  #spent(
    call: Call,
    event: PolicyEvent["event"],
    ok: boolean,
    value: unknown,
    attempt: number,
  ): Exited {
    call.counters.exhausted += 1;
    if (events.hasSubscribers) this.#tell(call, event, ok, value, attempt, 0);
    const { throwResult } = this.#options;
    return ok && throwResult ? new Replaced(false, throwResult(value)) : undefined;
  }

  #tell(
    call: Call,
    event: PolicyEvent["event"],
    ok: boolean,
    value: unknown,
    attempt: number,
    delayMs: number,
  ): void {
    const { pipeline, key } = call;
    const error = ok ? undefined : errorOf(value);
    events.publish({ event, pipeline, strategy: this.name, key, error, attempt, delayMs });
  }
}

function backoffOf(given: RetryOptions["backoff"]): Backoff | undefined {
  if (given === 0) return undefined;
  return typeof given === "function" ? given : backoff(given);
}
