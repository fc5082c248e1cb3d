// Starts another attempt when the first is slower than usual; whichever succeeds first is the result.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { type Expiring, type Lane, type Ticker, Ticket, tickerOf } from "../engine/ticker.ts";
import { events } from "../events.ts";
import { answered, anything, called, checkOptions, named, whole } from "../options.ts";
import { type BudgetOptions, RetryBudget } from "../retry/budget.ts";
import type { Call, Exited, HookStrategy, Strategy } from "../strategy.ts";
import { Latencies } from "./latencies.ts";
import { Race, type RaceRules } from "./race.ts";

export interface HedgeOptions {
  /** Milliseconds before the next attempt; if left out they are learned from recent latencies. */
  readonly delayMs?: number;
  /** Learns the delay: this share of the first attempts would end without a hedge. Default 0.95. */
  readonly quantile?: number;
  /** First attempts that must be known before a learned delay is used; default 100. */
  readonly minimumCalls?: number;
  /** Attempts beside the first; default 1. */
  readonly hedges?: number;
  /**
   * Each call pays in, each hedge takes out one. Default: an own budget of 20 % and 10 a second. One
   * shared with the retry bounds both together; a call then pays in twice. `false`: none.
   */
  readonly budget?: RetryBudget | BudgetOptions | false;
  /** Which calls may be hedged: only work that may be done twice. All if left out. */
  readonly when?: (call: Pick<Call, "key" | "priority" | "pipeline">) => boolean;
  readonly name?: string;
  readonly clock?: Clock;
}

/**
 * `hedge(50)` is short for `hedge({ delayMs: 50 })`. Only for work that may be done twice.
 *
 * The first success is the result; the signals of the others abort with a Cancelled error, the
 * winner's never does, so that its body can be read. Hedges answer slowness, not failure: a failure
 * starts no hedge (that is the retry's part) but is not the result while another attempt runs; when
 * all that were started have failed, the last error is the result. A delay is never cut short and up
 * to two ticks (20 ms) late, and a stalled event loop starts no hedge for an answer that waits in its
 * socket. Source: Dean and Barroso, The Tail at Scale, CACM 2013.
 */
export function hedge(options: number | HedgeOptions = {}): HookStrategy {
  return new Hedge(typeof options === "number" ? { delayMs: options } : options);
}

/** The ticket of a call that teaches how long calls take. */
class Timed extends Ticket {
  readonly startedAt: number;
  constructor(owner: Expiring, call: Call, level: number, startedAt: number) {
    super(owner, call, level);
    this.startedAt = startedAt;
  }
}

/** Calls after which a learned delay is worked out anew. */
const relearnEvery = 32;

class Hedge implements HookStrategy, RaceRules {
  readonly name: string;
  /** A hedge runs the user's function, in its caller's async context. */
  readonly callsUser = true;
  readonly ticker: Ticker;
  lane: Lane | undefined;
  hedges: number;
  budget: RetryBudget | undefined;
  learns: boolean;
  #when: HedgeOptions["when"];
  #quantile: number;
  #minimumCalls: number;
  readonly #latencies = new Latencies();
  #sinceLearned = 0;

  constructor(options: HedgeOptions) {
    const { delayMs, quantile = 0.95, minimumCalls = 100, hedges = 1, budget } = options;
    const { clock = systemClock } = options;
    checkOptions<HedgeOptions>("hedge", options, checks);
    if (delayMs !== undefined && options.quantile !== undefined) {
      throw new HomeostatError("OPTION_INVALID", "hedge: give delayMs or quantile, not both");
    }
    this.name = options.name ?? "hedge";
    this.ticker = tickerOf(clock);
    this.hedges = hedges;
    this.learns = delayMs === undefined;
    if (delayMs !== undefined) this.lane = this.ticker.lane(delayMs);
    this.#when = options.when;
    this.#quantile = quantile;
    this.#minimumCalls = minimumCalls;
    if (budget instanceof RetryBudget) this.budget = budget;
    else if (budget !== false) this.budget = new RetryBudget({ clock, ...budget });
  }

  enter(call: Call, level: number): undefined {
    call.slots[level] = undefined;
    if (this.#when !== undefined && !answered("hedge: when", this.#when(call))) return;
    // A repeat was paid for by the retry's budget.
    if (call.attempt + call.repeats === 0) this.budget?.deposit(call.key);
    const ticket = this.learns
      ? new Timed(this, call, level, this.ticker.now())
      : new Ticket(this, call, level);
    call.slots[level] = ticket;
    this.lane?.add(ticket);
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): Exited {
    const slot = call.slots[level] as Ticket | Race | undefined;
    if (slot instanceof Race) return slot.exit(ok, value);
    if (slot === undefined) return undefined;
    slot.lane?.remove(slot);
    if (ok && this.learns && !call.unwinding) this.learn(slot);
    return undefined;
  }

  stop(call: Call, level: number, value: unknown): void {
    const slot = call.slots[level] as Ticket | Race | undefined;
    if (slot instanceof Race) slot.stop(value);
    else slot?.lane?.remove(slot);
  }

  expire(ticket: Ticket): void {
    const { slots } = ticket.call;
    if (!(slots[ticket.level] instanceof Race)) slots[ticket.level] = new Race(this, ticket);
    (slots[ticket.level] as Race).hedge();
  }

  /** How long a first attempt took, or had taken when a hedge was faster. */
  learn(ticket: Ticket): void {
    if (!(ticket instanceof Timed)) return;
    this.#latencies.record(this.ticker.now() - ticket.startedAt);
    this.#sinceLearned += 1;
    if (this.#latencies.total < this.#minimumCalls) return;
    if (this.lane !== undefined && this.#sinceLearned < relearnEvery) return;
    this.#sinceLearned = 0;
    this.lane = this.ticker.lane(this.#latencies.quantile(this.#quantile));
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Hedge)) return false;
    // What was learned stays in use until the next call teaches the new quantile.
    if (!(fresh.learns && this.learns)) this.lane = fresh.lane;
    this.learns = fresh.learns;
    this.hedges = fresh.hedges;
    this.budget = fresh.budget;
    this.#when = fresh.#when;
    this.#quantile = fresh.#quantile;
    this.#minimumCalls = fresh.#minimumCalls;
    this.#sinceLearned = relearnEvery;
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const known = { known_calls: this.#latencies.total };
    return this.lane === undefined ? known : { ...known, delay_ms: this.lane.ms };
  }

  tell(event: "hedge" | "retry-budget-spent", call: Call, hedge: number): void {
    if (!events.hasSubscribers) return;
    const { pipeline, key } = call;
    const attempt = call.attempt + call.repeats;
    const [delayMs, details, strategy] = [this.lane?.ms ?? 0, { hedge }, this.name];
    events.publish({ event, pipeline, strategy, key, attempt, delayMs, details });
  }
}

const checks = {
  delayMs: (value: unknown) =>
    Number.isFinite(value) && (value as number) > 0 ? undefined : "above 0 and finite",
  quantile: (value: unknown) =>
    typeof value === "number" && value > 0 && value < 1 ? undefined : "between 0 and 1",
  // What fades out of the known latencies could else be more than it asks for.
  minimumCalls: (value: unknown) =>
    whole(1)(value) === undefined && (value as number) <= 1_000 ? undefined : "from 1 to 1,000",
  hedges: (value: unknown) => (Number.isInteger(value) ? whole(1)(value) : "a whole number"),
  budget: anything,
  when: called,
  name: named,
  clock: anything,
};
