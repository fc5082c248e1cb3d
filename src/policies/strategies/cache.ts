// Gives a result again instead of making it again: while it is fresh, while it is made, when making it fails.
import { systemClock } from "../../kernel/clock.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { events } from "../events.ts";
import { Lru } from "../lru.ts";
import { answered } from "../options.ts";
import { errorOf, Rejection } from "../rejection.ts";
import {
  type Call,
  type Entered,
  type Exited,
  type HookStrategy,
  held,
  Replaced,
  type Strategy,
} from "../strategy.ts";
import { type CacheOptions, type CacheRules, rulesOf } from "./cache-options.ts";
import { type Run, Runs, Seat } from "./single-flight.ts";

export type { CacheOptions };

/** A result that is kept. */
class Entry {
  readonly key: string;
  value: unknown;
  at: number;
  newer: Entry | undefined = undefined;
  older: Entry | undefined = undefined;
  constructor(key: string, value: unknown, at: number) {
    this.key = key;
    this.value = value;
    this.at = at;
  }
}

/** For all pipelines that are given it: they share results and runs. */
export interface Cache extends HookStrategy {
  /** Results kept, stale ones included. */
  readonly size: number;
  /** Forgets a result. What a run under way finds goes to those who wait for it and is not kept. */
  invalidate(key: string): void;
  /** As `invalidate` for all keys. */
  clear(): void;
}

/**
 * `cache(1_000)` is short for `cache({ ttlMs: 1_000 })`. Calls without a key go through as they are.
 *
 * Results are shared by reference: who changes one changes it for all. What can be read only once,
 * such as the body of a fetch, must be read within the work. Work must not ask for its own key.
 *
 * One run serves all calls of a key that come while it lasts; they share its failure too. When its
 * own caller aborts, or a timeout further out ends it, the next of them runs in its place.
 *
 * `counters.cacheHits` counts the calls that a kept result or another call's run answered, a stale
 * one in the place of a failure too; a failure that is shared is no hit.
 */
export function cache<Bound = unknown>(options: number | CacheOptions<Bound>): Cache {
  const given = typeof options === "number" ? { ttlMs: options } : options;
  // The pipeline's own parameter holds the predicate to the results that its work gives.
  return new KeyedCache(given as CacheOptions);
}

class KeyedCache implements Cache {
  readonly name: string;
  readonly aborts = false;
  readonly callsUser: boolean;
  #rules: CacheRules;
  readonly #ticker: Ticker;
  readonly #entries: Lru<Entry>;
  readonly #runs = new Runs();

  constructor(options: CacheOptions) {
    this.name = options.name ?? "cache";
    this.#rules = rulesOf(options);
    this.#ticker = tickerOf(options.clock ?? systemClock);
    this.#entries = new Lru(this.#rules.max);
    const { key, when, staleOnFailure } = options;
    this.callsUser = [key, when, staleOnFailure].some((one) => typeof one === "function");
  }

  get size(): number {
    return this.#entries.size;
  }

  enter(call: Call, level: number): Entered {
    const { key: keyOf, ttlMs, staleWhileRevalidate } = this.#rules;
    const key = keyOf === undefined ? call.key : keyOf(call);
    if (key === undefined) {
      call.slots[level] = undefined;
      return undefined;
    }
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const ageMs = this.#ticker.now() - entry.at;
      if (ageMs < ttlMs) return this.#hit(call, entry, ageMs, false);
    }
    const run = this.#runs.get(key);
    if (run === undefined) {
      call.slots[level] = this.#runs.begin(key, call);
      return undefined;
    }
    if (run.leader === call) {
      // The same cache stands twice in this pipeline: it must not wait for itself.
      call.slots[level] = undefined;
      return undefined;
    }
    if (entry !== undefined && staleWhileRevalidate) {
      const ageMs = this.#ticker.now() - entry.at;
      if (ageMs < this.#rules.staleMs) return this.#hit(call, entry, ageMs, true);
    }
    const seat = new Seat(run, call, level);
    call.slots[level] = seat;
    run.join(seat);
    return held;
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): Exited {
    const run = call.slots[level] as Run | Seat | undefined;
    if (run === undefined) return undefined;
    if (run instanceof Seat) {
      run.run.leave(run);
      return undefined;
    }
    if (call.unwinding) {
      this.#runs.abandon(run);
      return undefined;
    }
    const current = this.#runs.end(run);
    let stale: Entry | undefined;
    try {
      if (!ok) stale = this.#stale(run.key, value);
      else if (current) this.#keep(run.key, value);
    } catch (error) {
      this.#share(run, false, error);
      throw error;
    }
    if (stale === undefined) {
      this.#share(run, ok, value);
      return undefined;
    }
    const ageMs = this.#ticker.now() - stale.at;
    this.#share(run, true, stale.value, ageMs, true);
    return this.#hit(call, stale, ageMs, true);
  }

  invalidate(key: string): void {
    const entry = this.#entries.peek(key);
    if (entry) this.#entries.delete(entry);
    this.#runs.forget(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#runs.clear();
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof KeyedCache)) return false;
    this.#rules = fresh.#rules;
    this.#entries.max = fresh.#rules.max;
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const { size, waiting } = this.#runs;
    return { kept_results: this.size, running_calls: size, waiting_calls: waiting };
  }

  #hit(call: Call, { key, value }: Entry, ageMs: number, stale: boolean): Replaced {
    call.counters.cacheHits += 1;
    if (events.hasSubscribers) this.#tell(call, key, ageMs, stale);
    return new Replaced(true, value);
  }

  /** The result that stands in for a failure. */
  #stale(key: string, failure: unknown): Entry | undefined {
    const { staleOnFailure = true, staleMs } = this.#rules;
    if (staleOnFailure === false) return undefined;
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#ticker.now() - entry.at >= staleMs) {
      this.#entries.delete(entry);
      return undefined;
    }
    if (typeof staleOnFailure !== "function") return entry;
    const stands = answered("cache: staleOnFailure", staleOnFailure(errorOf(failure)));
    return stands ? entry : undefined;
  }

  #keep(key: string, value: unknown): void {
    const { when, staleMs } = this.#rules;
    if (staleMs === 0) return;
    if (when !== undefined && !answered("cache: when", when(value, key))) return;
    const now = this.#ticker.now();
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.add(new Entry(key, value, now));
    else {
      entry.value = value;
      entry.at = now;
    }
  }

  /** Ends the calls that waited as their leader's ends. */
  #share(run: Run, ok: boolean, value: unknown, ageMs = 0, stale = false): void {
    for (let seat = run.shift(); seat; seat = run.shift()) {
      const { call, level } = seat;
      if (ok) {
        call.counters.cacheHits += 1;
        if (events.hasSubscribers) this.#tell(call, run.key, ageMs, stale);
      } else if (value instanceof Rejection) call.counters.rejected[value.reason] += 1;
      call.settle(level, ok, value);
    }
  }

  #tell(call: Call, key: string, ageMs: number, stale: boolean): void {
    const { pipeline } = call;
    const details = { ageMs, stale };
    events.publish({ event: "cache-hit", pipeline, strategy: this.name, key, details });
  }
}
