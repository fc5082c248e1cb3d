// How many repeats and hedges all calls together may make: without it retries multiply an outage.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { type Linked, Lru } from "../lru.ts";
import { anything, atLeast, checkOptions, whole } from "../options.ts";

export interface BudgetOptions {
  /** Repeats that each first attempt pays for; default 0.2. */
  readonly ratio?: number;
  /** Repeats per second that are free whatever the traffic; default 10. */
  readonly perSecond?: number;
  /** The most repeats that can be saved up; default 100. */
  readonly burst?: number;
  /** Buckets kept for keys; the one used longest ago is given up first. Default 1,000. */
  readonly maxKeys?: number;
  readonly clock?: Clock;
}

interface Rates {
  readonly perMs: number;
  readonly burst: number;
}

/**
 * A token bucket: a first attempt pays in `ratio`, a second of time `perSecond`, a repeat takes out
 * one. It begins with what the first second pays, so that from then on no more than
 * 1 + ratio + perSecond ÷ rate attempts are made for each call. Nothing is refunded.
 * Source of the rule: Finagle's RetryBudget.
 */
class Bucket implements Linked<Bucket> {
  readonly key: string;
  newer: Bucket | undefined = undefined;
  older: Bucket | undefined = undefined;
  #tokens: number;
  #at: number;

  constructor(key: string, now: number, { perMs, burst }: Rates) {
    this.key = key;
    this.#tokens = Math.min(perMs * 1_000, burst);
    this.#at = now + 1_000;
  }

  deposit(tokens: number, burst: number): void {
    const sum = this.#tokens + tokens;
    this.#tokens = sum > burst ? burst : sum;
  }

  tokens(now: number, { perMs, burst }: Rates): number {
    if (now > this.#at) {
      this.deposit((now - this.#at) * perMs, burst);
      this.#at = now;
    }
    return this.#tokens;
  }

  withdraw(now: number, rates: Rates): boolean {
    if (this.tokens(now, rates) < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

const rules = {
  ratio: atLeast(0),
  perSecond: atLeast(0),
  burst: atLeast(0),
  maxKeys: whole(1),
  clock: anything,
};

/** Give one to several pipelines, to retries and hedges: they then share it. */
export class RetryBudget {
  #ratio: number;
  #rates: Rates;
  #maxKeys: number;
  readonly #ticker: Ticker;
  #common: Bucket | undefined;
  #keyed: Lru<Bucket> | undefined;

  constructor(options: BudgetOptions = {}) {
    checkOptions<BudgetOptions>("budget", options, rules);
    this.#ratio = options.ratio ?? 0.2;
    this.#rates = { perMs: (options.perSecond ?? 10) / 1_000, burst: options.burst ?? 100 };
    this.#maxKeys = options.maxKeys ?? 1_000;
    this.#ticker = tickerOf(options.clock ?? systemClock);
  }

  /** A first attempt pays in; calls with the same key share a bucket. */
  deposit(key?: string): void {
    this.#bucket(key).deposit(this.#ratio, this.#rates.burst);
  }

  /** Takes one repeat out; false when there is none left. */
  withdraw(key?: string): boolean {
    return this.#bucket(key).withdraw(this.#ticker.now(), this.#rates);
  }

  /** Repeats that could be made now. */
  tokens(key?: string): number {
    return this.#bucket(key).tokens(this.#ticker.now(), this.#rates);
  }

  /** Takes over the settings of another; what was saved up stays. */
  reload(fresh: RetryBudget): void {
    this.#ratio = fresh.#ratio;
    this.#rates = fresh.#rates;
    this.#maxKeys = fresh.#maxKeys;
    if (this.#keyed) this.#keyed.max = fresh.#maxKeys;
  }

  #bucket(key: string | undefined): Bucket {
    if (key === undefined) {
      this.#common ??= this.#fresh("");
      return this.#common;
    }
    this.#keyed ??= new Lru(this.#maxKeys);
    const known = this.#keyed.get(key);
    if (known) return known;
    const bucket = this.#fresh(key);
    this.#keyed.add(bucket);
    return bucket;
  }

  #fresh(key: string): Bucket {
    return new Bucket(key, this.#ticker.now(), this.#rates);
  }
}

export function retryBudget(options?: BudgetOptions): RetryBudget {
  return new RetryBudget(options);
}
