// Holds calls back, the least important first, when the target refuses more than it accepts.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Random, systemRandom } from "../../kernel/random.ts";
import { stackless } from "../../kernel/stackless.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { above, anything, atLeast, called, checkOptions, named, whole } from "../options.ts";
import { Rejection } from "../rejection.ts";
import type { Call, Entered, HookStrategy, Strategy } from "../strategy.ts";
import { DemandWindow } from "./demand-window.ts";
import { blameOf, isMeant, type Signs } from "./ending.ts";

export interface AdaptiveThrottleOptions<Bound = unknown> {
  /**
   * Calls that are sent for each one the target accepts, 1 or more; default 2: nothing is held back
   * until the target refuses more than every second call. Less spares the target, more finds out
   * sooner that it is well again.
   */
  readonly k?: number;
  /** What is counted, in milliseconds; default 120,000. */
  readonly windowMs?: number;
  /** Calls a second that are sent however bad it looks, to find out when it is over; default 1. */
  readonly minimumPerSecond?: number;
  /**
   * How many priorities are told apart: 0, the most important, up to one less than this; a call's
   * `priority` beyond counts as the last, no priority as 1. Default 4.
   */
  readonly priorities?: number;
  /**
   * Which errors mean that the target did not accept a call; what else it answers is accepted.
   * Default: all. Timeouts of our own always do; refusals of strategies further in (they never
   * reached the target) and the caller's abort count neither way.
   */
  readonly when?: (error: unknown) => boolean;
  /** Which results mean the same, such as a response with status 503; default none. */
  readonly whenResult?: (value: Bound) => boolean;
  readonly name?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface AdaptiveThrottle extends HookStrategy {
  /** The share of calls of this priority (default 1) that are held back now, 0 to 1. */
  refusalRate(priority?: number): number;
}

/**
 * Refuses with a THROTTLED error (reason "throttled").
 *
 * Of the calls wanted in the window (refused ones included), `wanted − k × accepted` are too many.
 * They are taken from the least important upward: a call is refused with the probability
 * (too many − calls of less important priorities) ÷ (calls of its own priority + 1), between 0 and 1.
 * So a priority is touched only when all below it are refused, and priority 0 last of all. With one
 * priority it is the formula of the source, max(0, (requests − K × accepts) ÷ (requests + 1)):
 * Google, Site Reliability Engineering, chapter 21, Handling Overload, client-side throttling; with
 * several as many calls are refused in all. It differs in what is counted: a call when it ends, for
 * those on their way would look like calls that were not accepted.
 *
 * After an outage longer than the window calls come back by a factor of e in each windowMs ÷ k.
 */
export function adaptiveThrottle<Bound = unknown>(
  options: AdaptiveThrottleOptions<Bound> = {},
): AdaptiveThrottle {
  // The pipeline's own parameter holds the predicate to the results that its work gives.
  return new Throttle(options as AdaptiveThrottleOptions);
}

const usualPriority = 1;
const mostPriorities = 100;

const finite = (check: (value: unknown) => string | undefined) => (value: unknown) =>
  value === Number.POSITIVE_INFINITY ? "finite" : check(value);

const checks = {
  k: finite(atLeast(1)),
  windowMs: finite(above(0)),
  minimumPerSecond: finite(above(0)),
  priorities: (value: unknown) =>
    whole(1)(value) ?? (Number(value) > mostPriorities ? `at most ${mostPriorities}` : undefined),
  when: called,
  whenResult: called,
  name: named,
  clock: anything,
  random: called,
};

class Throttle implements AdaptiveThrottle {
  readonly name: string;
  readonly aborts = false;
  callsUser: boolean;
  #k: number;
  /** Calls of a window that are sent in any case. */
  #minimum: number;
  #signs: Signs;
  #window: DemandWindow;
  readonly #ticker: Ticker;
  readonly #random: Random;

  constructor(options: AdaptiveThrottleOptions) {
    checkOptions<AdaptiveThrottleOptions>("throttle", options, checks);
    const { k = 2, windowMs = 120_000, minimumPerSecond = 1, priorities = 4 } = options;
    const { when = () => true, whenResult } = options;
    this.name = options.name ?? "throttle";
    this.callsUser = (options.when ?? whenResult) !== undefined;
    this.#k = k;
    this.#minimum = (minimumPerSecond * windowMs) / 1_000;
    this.#signs = { when, whenResult };
    this.#window = new DemandWindow(windowMs, priorities);
    this.#ticker = tickerOf(options.clock ?? systemClock);
    this.#random = options.random ?? systemRandom;
  }

  refusalRate(priority?: number): number {
    this.#window.turn(this.#ticker.now());
    return this.#rateOf(this.#levelOf(priority));
  }

  enter(call: Call): Entered {
    if (this.#excess() <= 0) return undefined;
    const now = this.#ticker.now();
    this.#window.turn(now);
    const priority = this.#levelOf(call.priority);
    const rate = this.#rateOf(priority);
    if (rate === 0 || this.#random() >= rate) return undefined;
    this.#window.record(priority, false, now);
    return new Rejection("throttled", call.pipeline, this.#build);
  }

  exit(call: Call, _level: number, ok: boolean, value: unknown): undefined {
    const accepted =
      ok && this.#signs.whenResult === undefined ? true : this.#judge(call, ok, value);
    if (accepted === undefined) return;
    this.#window.record(this.#levelOf(call.priority), accepted, this.#ticker.now());
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Throttle)) return false;
    this.callsUser = fresh.callsUser;
    this.#k = fresh.#k;
    this.#minimum = fresh.#minimum;
    this.#signs = fresh.#signs;
    const { ms, priorities } = fresh.#window;
    if (ms !== this.#window.ms || priorities !== this.#window.priorities) {
      this.#window = fresh.#window;
    }
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const refusal_ratio = this.refusalRate();
    const { total, accepted } = this.#window;
    return { wanted_calls: total, accepted_calls: accepted, refusal_ratio };
  }

  /** Whether the target accepted the call; undefined when nothing is known of that. */
  #judge(call: Call, ok: boolean, value: unknown): boolean | undefined {
    const { when, whenResult } = this.#signs;
    if (ok) return !isMeant(value, whenResult);
    const blame = blameOf(call, value, when);
    return blame === undefined ? undefined : blame === "other";
  }

  /** Calls of the window that were too many. */
  #excess(): number {
    const { total, accepted } = this.#window;
    return total - Math.max(this.#k * accepted, this.#minimum);
  }

  #rateOf(priority: number): number {
    const window = this.#window;
    let left = this.#excess();
    for (let less = window.priorities - 1; less > priority; less--) left -= window.wanted(less);
    return left <= 0 ? 0 : Math.min(1, left / (window.wanted(priority) + 1));
  }

  #levelOf(priority = usualPriority): number {
    const nearest = Math.round(priority);
    const last = this.#window.priorities - 1;
    return nearest > 0 ? Math.min(nearest, last) : 0;
  }

  readonly #build = ({ pipeline, details }: Rejection): Error => {
    const { total, accepted } = this.#window;
    const text = `${pipeline}: held back, the target accepted ${accepted} of the last ${total} calls`;
    return stackless("THROTTLED", text, { details });
  };
}
