// The state of a circuit breaker: opens on what it counts, lets probes through, closes; time is a parameter.
import { HomeostatError } from "../../kernel/errors.ts";
import type { BreakerRules } from "./breaker-options.ts";
import type { BreakerState, SavedBreaker } from "./breaker-state.ts";
import type { Window } from "./windows.ts";

export type Change =
  | "breaker-opened"
  | "breaker-half-opened"
  | "breaker-closed"
  | "breaker-isolated"
  | "breaker-released";

/** Calls, failures and slow calls of the window. */
export interface Recent {
  readonly total: number;
  readonly failed: number;
  readonly slow: number;
}

/** Who is told of each change of state. */
interface Told {
  changed(change: Change): void;
}

export class Circuit {
  state: BreakerState = "closed";
  rules: BreakerRules;
  /** Changes with each state: results of calls that began in an earlier one do not count. */
  epoch = 1;
  /** How many hands hold it open. */
  isolations = 0;
  /** In a row, without a time closed between them. */
  openings = 0;
  openedMs = 0;
  #window: Window;
  #openUntil = 0;
  #probesOut = 0;
  #probesDone = 0;
  #probesBad = 0;
  #probedAt = 0;
  readonly #told: Told;

  constructor(rules: BreakerRules, window: Window, told: Told) {
    this.rules = rules;
    this.#window = window;
    this.#told = told;
  }

  recent(now: number): Recent {
    this.#window.turn(now);
    const { total, failed, slow } = this.#window;
    return { total, failed, slow };
  }

  /** 0 for a call that may go on as a probe; else milliseconds until it is worth asking again. */
  admit(now: number): number {
    if (this.state === "open") {
      if (now < this.#openUntil) return this.#openUntil - now;
      this.#enter("half-open");
      this.#probesOut = 0;
      this.#probesDone = 0;
      this.#probesBad = 0;
    }
    if (this.#probesOut + this.#probesDone >= this.rules.probes) {
      const waitMs = this.rules.probeWaitMs ?? this.openedMs;
      const leftMs = this.#probedAt + waitMs - now;
      if (leftMs > 0) return leftMs;
      // Probes that hang would keep it half open for ever. One that is only slow still counts.
      this.#probesOut = 0;
    }
    this.#probesOut += 1;
    this.#probedAt = now;
    return 0;
  }

  /** A call of this epoch ended with a result that says nothing: a probe's place is free again. */
  skip(): void {
    if (this.state === "half-open") this.#giveBack();
  }

  /** The result of a call of this epoch. */
  record(failed: boolean, slow: boolean, now: number): void {
    if (this.state === "half-open") this.#probed(failed || slow, now);
    else this.#count(failed, slow, now);
  }

  reset(): void {
    if (this.state !== "closed") this.#told.changed("breaker-closed");
    this.#close();
  }

  save(now: number, savedAt: number): SavedBreaker {
    const { state, openings } = this;
    const remainingMs = state === "open" ? Math.max(0, this.#openUntil - now) : 0;
    return { state, remainingMs, openings, savedAt, ...this.recent(now) };
  }

  restore(saved: SavedBreaker, now: number, wall: number): void {
    this.#close();
    const { total, failed, slow, openings } = saved;
    // The bad ones last: a window of calls in a row then knows how many they were.
    for (let left = total; left > 0; left--) this.#window.record(left <= failed, left <= slow, now);
    this.openings = openings;
    if (saved.state === "closed") return;
    const passedMs = Math.max(0, wall - saved.savedAt);
    // Probes that were under way are lost with their process: it begins with new ones.
    this.state = "open";
    this.openedMs = this.#openTime(Math.max(1, openings));
    this.#openUntil = now + Math.max(0, saved.remainingMs - passedMs);
  }

  /** The state stays; what was counted stays unless the other counts over another span. */
  reload(fresh: Circuit): void {
    this.rules = fresh.rules;
    if (!this.#window.like(fresh.#window)) this.#window = fresh.#window;
  }

  #count(failed: boolean, slow: boolean, now: number): void {
    const window = this.#window;
    window.record(failed, slow, now);
    if (window.failed === 0 && window.slow === 0) return;
    const { minimumCalls, failureRate, slowCallRate } = this.rules;
    const { total } = window;
    if (total < minimumCalls) return;
    if (window.failed >= failureRate * total || window.slow >= slowCallRate * total) {
      this.#open(now);
    }
  }

  #probed(bad: boolean, now: number): void {
    const { probes, probeFailureRate } = this.rules;
    this.#giveBack();
    this.#probesDone += 1;
    if (bad) this.#probesBad += 1;
    // Sooner than the last probe when the others could not change the verdict.
    if (this.#probesBad >= probeFailureRate * probes) this.#open(now);
    else if (this.#probesDone >= probes) {
      this.#told.changed("breaker-closed");
      this.#close();
    }
  }

  /** The place of a probe, unless it was given to another meanwhile. */
  #giveBack(): void {
    if (this.#probesOut > 0) this.#probesOut -= 1;
  }

  #open(now: number): void {
    this.openedMs = this.#openTime(this.openings + 1);
    this.openings += 1;
    this.#openUntil = now + this.openedMs;
    this.#window.clear();
    this.#enter("open");
  }

  #openTime(openings: number): number {
    const { openMs } = this.rules;
    if (typeof openMs === "number") return openMs;
    const ms = openMs(openings);
    if (Number.isFinite(ms) && ms >= 0) return ms;
    const text = `breaker: openMs(${openings}) must give 0 or more milliseconds, got ${ms}`;
    throw new HomeostatError("OPTION_INVALID", text);
  }

  #close(): void {
    this.epoch += 1;
    this.state = "closed";
    this.openings = 0;
    this.#window.clear();
  }

  #enter(state: "open" | "half-open"): void {
    this.epoch += 1;
    this.state = state;
    this.#told.changed(state === "open" ? "breaker-opened" : "breaker-half-opened");
  }
}
