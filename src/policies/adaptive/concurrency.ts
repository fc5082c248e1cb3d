// Limits how many calls run at once, and finds the limit in what the calls themselves tell.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { systemRandom } from "../../kernel/random.ts";
import { stackless } from "../../kernel/stackless.ts";
import { type Expiring, type Lane, Ticket, tickerOf } from "../engine/ticker.ts";
import { events } from "../events.ts";
import { WaitingList } from "../limit/waiting-list.ts";
import { Rejection } from "../rejection.ts";
import { type Call, type Entered, type HookStrategy, held, type Strategy } from "../strategy.ts";
import { Cohort } from "./cohort.ts";
import {
  type ConcurrencyLimitOptions,
  type ConcurrencyRules,
  rulesOf,
} from "./concurrency-options.ts";
import { endingOf } from "./ending.ts";
import type { LimitAlgorithm } from "./limits.ts";
import { Stay } from "./stay.ts";

export interface ConcurrencyLimit extends HookStrategy {
  /** Calls that may run at once now. */
  readonly limit: number;
  /** Calls whose work has not ended, those included that nobody waits for any more. */
  readonly running: number;
  /** Calls that wait for their turn. */
  readonly queued: number;
}

/**
 * Refuses with a CONCURRENCY_LIMITED error (reason "concurrency") what is above the limit. One limit
 * is for one target: give the same one to all pipelines that call it.
 */
export function concurrencyLimit<Bound = unknown>(
  options: ConcurrencyLimitOptions<Bound> | "gradient" | "vegas" | "aimd" = {},
): ConcurrencyLimit {
  const given = typeof options === "string" ? { algorithm: options } : options;
  // The pipeline's own parameter holds the predicate to the results that its work gives.
  return new AdaptiveLimit(given as ConcurrencyLimitOptions);
}

/** A call's slot is the time it began (or the cohort's mark) while it holds one place and is inside. */
class AdaptiveLimit implements ConcurrencyLimit, Expiring {
  readonly name: string;
  readonly aborts = false;
  callsUser: boolean;
  limit: number;
  running = 0;
  readonly #clock: Clock;
  readonly #origin: number;
  readonly #cohort: Cohort;
  readonly #list = new WaitingList<Stay>();
  #rules: ConcurrencyRules;
  #algorithm: LimitAlgorithm;
  #lane: Lane | undefined;
  #toldLimit: number;
  #draining = false;

  constructor(options: ConcurrencyLimitOptions) {
    const { clock = systemClock, random = systemRandom } = options;
    const rules = rulesOf(options);
    this.name = options.name ?? "concurrency";
    this.callsUser = (options.when ?? options.whenResult) !== undefined;
    this.#clock = clock;
    this.#origin = clock.now();
    this.#cohort = new Cohort(tickerOf(clock));
    this.#rules = rules;
    this.#algorithm = rules.algorithm(rules, random);
    const ends = rules.queue > 0 && rules.waitMs !== Number.POSITIVE_INFINITY;
    this.#lane = ends ? tickerOf(clock).lane(rules.waitMs) : undefined;
    this.limit = rules.initial;
    this.#toldLimit = rules.initial;
  }

  get queued(): number {
    return this.#list.size;
  }

  enter(call: Call, level: number): Entered {
    if (this.running >= this.limit || this.#list.size > 0) return this.#wait(call, level);
    this.#admit(call, level);
    return undefined;
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): undefined {
    const slot = call.slots[level];
    if (typeof slot !== "number") return this.#exitStay(call, slot as Stay, ok, value);
    if (call.running > 0) {
      const stay = new Stay(call, level);
      stay.permits = 1;
      call.slots[level] = stay;
    } else this.#free(1);
    this.#learn(call, slot, 0, ok, value);
  }

  late(call: Call, level: number): void {
    const stay = call.slots[level];
    if (stay instanceof Stay) this.#free(stay.surplus());
  }

  expire({ call, level }: Ticket): void {
    const stay = call.slots[level];
    if (!(stay instanceof Stay)) return;
    this.#leave(stay);
    call.counters.rejected.concurrency += 1;
    const rejection = new Rejection("concurrency", call.pipeline, this.#waited);
    rejection.strategy = this.name;
    call.settle(level, false, rejection);
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof AdaptiveLimit)) return false;
    this.callsUser = fresh.callsUser;
    fresh.#algorithm.takeOver?.(this.#algorithm);
    this.#algorithm = fresh.#algorithm;
    this.#rules = fresh.#rules;
    this.#lane = fresh.#lane;
    this.#apply(this.#algorithm.limit);
    this.#drain();
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const { limit, running, queued } = this;
    const { baselineMs } = this.#algorithm;
    const figures = { limit_calls: limit, running_calls: running, queued_calls: queued };
    return baselineMs === undefined ? figures : { ...figures, baseline_ms: baselineMs };
  }

  #now(): number {
    return this.#clock.now() - this.#origin;
  }

  #admit(call: Call, level: number): void {
    this.running += 1;
    const begun = this.#cohort.begin(this.running) ? this.#now() : this.#cohort.mark;
    const slot = call.slots[level];
    if (call.repeats === 0 && !(slot instanceof Stay)) call.slots[level] = begun;
    else this.#stayOf(call, level).enter(begun);
  }

  #stayOf(call: Call, level: number): Stay {
    const slot = call.slots[level];
    if (slot instanceof Stay) return slot;
    const stay = new Stay(call, level);
    call.slots[level] = stay;
    return stay;
  }

  #wait(call: Call, level: number): Entered {
    this.#cohort.hold();
    if (this.#list.size >= this.#rules.queue) {
      return new Rejection("concurrency", call.pipeline, this.#full);
    }
    const stay = this.#stayOf(call, level);
    stay.waiting = true;
    if (this.#lane) {
      stay.ticket = new Ticket(this, call, level);
      this.#lane.add(stay.ticket);
    }
    this.#list.push(stay);
    return held;
  }

  #leave(stay: Stay): void {
    const { ticket } = stay;
    ticket?.lane?.remove(ticket);
    stay.ticket = undefined;
    stay.waiting = false;
    this.#list.remove(stay);
  }

  #exitStay(call: Call, stay: Stay, ok: boolean, value: unknown): undefined {
    if (stay.waiting) {
      this.#leave(stay);
      return;
    }
    stay.inside = false;
    this.#free(stay.surplus());
    this.#learn(call, stay.begun, stay.repeats, ok, value);
  }

  #free(permits: number): void {
    this.running -= permits;
    if (this.#list.size > 0) this.#drain();
  }

  /** A loop and no recursion: work that ends at once frees its place within `resume`. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let head = this.#list.head; head && this.running < this.limit; head = this.#list.head) {
        this.#leave(head);
        this.#admit(head.call, head.level);
        head.call.resume(head.level);
      }
    } finally {
      this.#draining = false;
    }
  }

  #learn(call: Call, begun: number, before: number, ok: boolean, value: unknown): void {
    const cohort = this.#cohort;
    if (ok && begun < 0 && this.#rules.whenResult === undefined) {
      if (cohort.pass()) this.#update(call, this.#now());
      return;
    }
    const ending = endingOf(call, before, ok, value, this.#rules);
    const now = this.#now();
    if (cohort.end(begun, ending, now)) this.#update(call, now);
  }

  #update(call: Call, now: number): void {
    this.#apply(this.#algorithm.update(this.#cohort.take(now)));
    if (!this.#algorithm.probing) this.#tell(call);
    if (this.#list.size > 0) this.#drain();
  }

  #apply(limit: number): void {
    const { min, max } = this.#rules;
    const whole = Math.floor(limit);
    // Not a number, from an algorithm of the user's, is no limit at all: then the lowest.
    this.limit = whole >= min ? Math.min(max, whole) : min;
  }

  #tell({ pipeline }: Call): void {
    const { limit } = this;
    const was = this.#toldLimit;
    if (Math.abs(limit - was) < was / 10) return;
    this.#toldLimit = limit;
    if (!events.hasSubscribers) return;
    const details = { limit, was };
    events.publish({ event: "limit-changed", pipeline, strategy: this.name, details });
  }

  readonly #full = ({ pipeline, details }: Rejection): Error => {
    const text = `${pipeline}: the limit of ${this.limit} concurrent calls is reached`;
    return stackless("CONCURRENCY_LIMITED", text, { details });
  };

  readonly #waited = ({ pipeline, details }: Rejection): Error => {
    const time = formatDuration(this.#rules.waitMs);
    const text = `${pipeline}: no place within ${time}, the limit is ${this.limit} concurrent calls`;
    return stackless("CONCURRENCY_LIMITED", text, { details });
  };
}
