// Who is turned away when instances have more than they can do: a limit that is learnt, and shares of it.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { Cohort } from "../../policies/adaptive/cohort.ts";
import type { Ending } from "../../policies/adaptive/ending.ts";
import { algorithms, type LimitAlgorithm } from "../../policies/adaptive/limits.ts";
import { boundFrom, type Sample } from "../../policies/adaptive/sample.ts";
import { tickerOf } from "../../policies/engine/ticker.ts";
import { type Priority, priorities } from "../../protocol/gateway-features.ts";

export interface SheddingRules {
  /** Requests at once for each instance: before anything is known, at least, and at most. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** What is remembered of a request that was let in: when it began, or that it is not timed. */
export type Slot = number;

/** Shares of the limit from which on requests of a priority are turned away. */
const shares: Readonly<Record<"normal" | "low", number>> = { normal: 0.9, low: 0.8 };

/** Small limits have no tenth to spare: these keep room for requests of high priority. */
const spareForHigh = 4;

/** Those of critical priority may overload an instance, but not without end. */
const capOf = (limit: number): number => 2 * limit + 16;

/** Answers that take no longer than so many times the least say nothing of a queue. */
const quick = 1.5;

/** Who is turned away is let in again a little below where that began, not at each coming and going. */
const backBelow = 0.95;

/**
 * The limit is that of the policies library (gradient with a probed baseline), counted for each
 * instance that may be asked: it fits at once when one leaves or joins.
 */
export class Shedding {
  readonly #clock: Clock;
  readonly #cohort: Cohort;
  readonly #algorithm: LimitAlgorithm;
  readonly #rules: SheddingRules;
  /** Those of each priority are being turned away. */
  readonly #shut: boolean[] = priorities.map(() => false);
  /** For each instance: what holds now, and what was learnt; the first is lower while it is tried. */
  #now: number;
  #learnt: number;
  /** Requests were turned away in the latest sample. */
  #isHeld = false;

  constructor(rules: SheddingRules, clock: Clock, random: Random) {
    const { min, max, initial } = rules;
    this.#rules = { min, max, initial: Math.min(max, Math.max(min, initial)) };
    this.#clock = clock;
    this.#cohort = new Cohort(tickerOf(clock));
    this.#algorithm = algorithms.gradient(this.#rules, random);
    this.#now = this.#algorithm.limit;
    this.#learnt = this.#now;
  }

  /** Requests at once for each instance. */
  get limit(): number {
    return this.#learnt;
  }

  /** Milliseconds that an answer takes without a queue, as far as is known. */
  get baselineMs(): number | undefined {
    return this.#algorithm.baselineMs;
  }

  /**
   * A slot for one more request beside `running` ones, or undefined: it is turned away. `able`: how
   * many instances may be asked; with none nobody is, since waiting overloads no instance.
   */
  enter(priority: Priority | "exempt", running: number, able: number): Slot | undefined {
    if (able === 0) return this.#cohort.mark;
    if (priority !== "exempt" && this.#isShut(priority, running, able)) {
      this.#cohort.hold();
      return undefined;
    }
    // What comes on top of a lower limit that is being tried would hide what that does.
    const isTimed = running < this.#now * able && this.#cohort.begin((running + 1) / able);
    return isTimed ? this.#clock.now() : this.#cohort.mark;
  }

  /** How a request with a slot ended, and how long the answer took; whether the limit may differ now. */
  leave(slot: Slot, ending: Ending, waitedMs: number): boolean {
    const cohort = this.#cohort;
    const isReady =
      ending === "answered" && slot < 0
        ? cohort.pass()
        : cohort.end(slot, ending, Math.max(0, slot) + waitedMs);
    if (!isReady) return false;
    const sample = cohort.take(this.#clock.now());
    const wasHeld = this.#isHeld;
    this.#isHeld = sample.held > boundFrom;
    if (this.#isHeld && !wasHeld && !this.#isQuick(sample)) return false;
    this.#now = Math.max(1, this.#algorithm.update(sample));
    this.#learnt = Math.max(1, this.#algorithm.limit);
    return true;
  }

  /**
   * Whether there was no queue. While one fills, the requests of a sample wait longer and longer, and
   * against their mean a lower limit looks no better: such a sample is left out.
   */
  #isQuick({ rttMs }: Sample): boolean {
    const { baselineMs } = this.#algorithm;
    return baselineMs !== undefined && rttMs !== undefined && rttMs <= quick * baselineMs;
  }

  #isShut(priority: Priority, running: number, able: number): boolean {
    const at = priorities.indexOf(priority);
    const bound = this.#bound(priority, able);
    const opensAt = Math.max(1, Math.min(bound - 1, Math.floor(bound * backBelow)));
    this.#shut[at] = running >= (this.#shut[at] ? opensAt : bound);
    return this.#shut[at];
  }

  /** A lower limit is tried with those who are turned away first. */
  #bound(priority: Priority, able: number): number {
    const limit = Math.floor(this.#now * able);
    const learnt = Math.max(limit, Math.floor(this.#learnt * able));
    switch (priority) {
      case "low":
      case "normal":
        return Math.max(1, Math.ceil(limit * shares[priority]));
      case "high":
        return Math.max(learnt, Math.ceil(learnt * shares.normal) + spareForHigh);
      case "critical":
        return capOf(learnt);
    }
  }
}
