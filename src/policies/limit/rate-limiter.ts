// Lets so many calls begin in so much time; the others wait for their permit in a row, or are refused.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { stackless } from "../../kernel/stackless.ts";
import { type Ticker, tickerOf, tickMs } from "../engine/ticker.ts";
import { Rejection } from "../rejection.ts";
import { type Call, type Entered, type HookStrategy, held, type Strategy } from "../strategy.ts";
import { Permits } from "./permits.ts";
import { type RateLimiterOptions, type RateRules, rateRulesOf } from "./rate-limiter-options.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { TokenBucket } from "./token-bucket.ts";
import { Waiter, WaitingList } from "./waiting-list.ts";

export interface RateLimiter extends HookStrategy {
  /** Calls that wait for their permit. */
  readonly queued: number;
  /** Calls (of this key) that could begin now. */
  available(key?: string): number;
}

/**
 * Refuses with a RATE_LIMITED error (reason "rate"), whose `retryAfterMs` is the time until the next
 * permit comes, behind those who wait. `rateLimiter(100)` lets 100 calls begin in a second.
 */
export function rateLimiter(options: number | RateLimiterOptions): RateLimiter {
  const given = typeof options === "number" ? { limit: options } : options;
  return new Limiter(rateRulesOf(given), given);
}

/** What calls share that are counted together. */
interface Gate {
  readonly permits: Permits;
  readonly waiting: WaitingList<Waiting>;
  /** Cancels the timer for the head; there is one while anybody waits. */
  cancel: (() => void) | undefined;
  serving: boolean;
}

class Waiting extends Waiter {
  readonly gate: Gate;
  /** When the call has waited for as long as it may. */
  readonly until: number;
  constructor(call: Call, level: number, gate: Gate, until: number) {
    super(call, level);
    this.gate = gate;
    this.until = until;
  }
}

/** Timers come late by up to so much; who was promised a permit within `waitMs` is not refused for it. */
const slackMs = 2 * tickMs;

class Limiter implements RateLimiter {
  readonly name: string;
  readonly aborts = false;
  readonly onlyFailures = true;
  queued = 0;
  #rules: RateRules;
  readonly #clock: Clock;
  readonly #ticker: Ticker;
  /** Of all calls, or of those without a key. */
  readonly #common: Gate;
  readonly #keyed: Map<string, Gate> | undefined;

  constructor(rules: RateRules, { name, clock = systemClock }: RateLimiterOptions) {
    this.name = name ?? "rate-limiter";
    this.#rules = rules;
    this.#clock = clock;
    this.#ticker = tickerOf(clock);
    this.#common = this.#fresh();
    this.#keyed = rules.perKey ? new Map() : undefined;
  }

  available(key?: string): number {
    const gate = key !== undefined && this.#keyed ? this.#keyed.get(key) : this.#common;
    if (!gate) return this.#rules.burst;
    return Math.max(0, gate.permits.available(this.#clock.now()) - gate.waiting.size);
  }

  enter(call: Call, level: number): Entered {
    const gate = this.#keyed === undefined ? this.#common : this.#gateOf(call.key, this.#keyed);
    if (gate.waiting.size === 0 && gate.permits.take(call, level)) return undefined;
    const now = this.#clock.now();
    const waitMs = gate.permits.waitMs(now, gate.waiting.size);
    const rules = this.#rules;
    if (waitMs > rules.waitMs || this.queued >= rules.queue) return this.#refusal(call, waitMs);
    const waiter = new Waiting(call, level, gate, now + rules.waitMs + slackMs);
    call.slots[level] = waiter;
    gate.waiting.push(waiter);
    this.queued += 1;
    if (!gate.cancel && !gate.serving) this.#wind(gate, waitMs);
    return held;
  }

  /** Only a call that still waits has something here. */
  exit(call: Call, level: number): undefined {
    const waiter = call.slots[level];
    if (waiter instanceof Waiting) this.#leave(waiter);
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Limiter)) return false;
    const rules = fresh.#rules;
    if (rules.kind !== this.#rules.kind || rules.perKey !== this.#rules.perKey) return false;
    this.#rules = rules;
    const keyed = this.#keyed ?? new Map<string, Gate>();
    this.#trim(keyed);
    const now = this.#clock.now();
    for (const gate of [this.#common, ...keyed.values()]) {
      gate.permits.change(rules, now);
      if (!gate.cancel) continue;
      gate.cancel();
      this.#wind(gate, gate.permits.waitMs(now, 0));
    }
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const queued_calls = this.queued;
    return this.#keyed
      ? { queued_calls, tracked_keys: this.#keyed.size }
      : { queued_calls, available_permits: this.available() };
  }

  /** Lets those begin whose time has come, and refuses those whose time will come too late. */
  #serve(gate: Gate): void {
    const { permits, waiting } = gate;
    gate.cancel = undefined;
    gate.serving = true;
    let waitMs = 0;
    try {
      for (let head = waiting.head; head; head = waiting.head) {
        const now = this.#clock.now();
        if (permits.takeAt(now)) {
          this.#leave(head);
          head.call.resume(head.level);
          continue;
        }
        waitMs = permits.waitMs(now, 0);
        if (now + waitMs <= head.until) break;
        this.#leave(head);
        head.call.counters.rejected.rate += 1;
        head.call.settle(head.level, false, this.#refusal(head.call, waitMs));
      }
    } finally {
      gate.serving = false;
      if (waiting.size > 0) this.#wind(gate, waitMs);
    }
  }

  /** The timer for the next permit, whoever is at the head by then. */
  #wind(gate: Gate, waitMs: number): void {
    // Timers take whole milliseconds; one that fires too soon is wound again.
    gate.cancel = this.#ticker.after(Math.max(1, Math.ceil(waitMs)), () => this.#serve(gate));
  }

  #leave(waiter: Waiting): void {
    const { call, level, gate } = waiter;
    call.slots[level] = undefined;
    gate.waiting.remove(waiter);
    this.queued -= 1;
    if (gate.waiting.size > 0) return;
    gate.cancel?.();
    gate.cancel = undefined;
  }

  #gateOf(key: string | undefined, keyed: Map<string, Gate>): Gate {
    if (key === undefined) return this.#common;
    let gate = keyed.get(key);
    // The order of a Map is that of insertion: the first was used longest ago.
    if (gate) keyed.delete(key);
    else gate = this.#fresh();
    keyed.set(key, gate);
    if (keyed.size > this.#rules.maxKeys) this.#trim(keyed);
    return gate;
  }

  /** Those who wait at a gate that is forgotten are let in by its timer all the same. */
  #trim(keyed: Map<string, Gate>): void {
    for (const oldest of keyed.keys()) {
      if (keyed.size <= this.#rules.maxKeys) break;
      keyed.delete(oldest);
    }
  }

  #fresh(): Gate {
    const rules = this.#rules;
    const allowance =
      rules.kind === "token-bucket"
        ? new TokenBucket(rules, this.#clock.now())
        : new SlidingWindow(rules);
    const permits = new Permits(allowance, this.#clock);
    return { permits, waiting: new WaitingList(), cancel: undefined, serving: false };
  }

  #refusal(call: Call, waitMs: number): Rejection {
    const retryAfterMs = Math.max(1, Math.ceil(waitMs));
    const refusal = new Rejection("rate", call.pipeline, this.#build, retryAfterMs);
    refusal.strategy = this.name;
    return refusal;
  }

  readonly #build = ({ pipeline, retryAfterMs, details }: Rejection): Error => {
    const { limit, intervalMs } = this.#rules;
    const rate = `${limit} calls in ${formatDuration(intervalMs)}`;
    const text = `${pipeline}: more than ${rate}, the next in ${formatDuration(retryAfterMs ?? 0)}`;
    return stackless("RATE_LIMITED", text, { details });
  };
}
