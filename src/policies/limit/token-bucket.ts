// A bucket of permits that fills up evenly with time and holds no more than a burst.
import type { Allowance, Rate } from "./allowance.ts";

/** Part of a permit that rounding may give away; sums of fractions would else miss a permit that is due. */
const rounding = 1e-6;

/**
 * In any `t` milliseconds at most `burst + t × limit ÷ intervalMs` permits. Kept as the time that the
 * bucket needs to be full again, in milliseconds: two numbers, whatever the rate.
 * Source of this form: GCRA, the virtual scheduling algorithm of ITU-T I.371.
 */
export class TokenBucket implements Allowance {
  #permitMs = 0;
  /** The time an empty bucket needs to be full. */
  #depthMs = 0;
  #debtMs = 0;
  #at: number;

  constructor(rate: Rate, now: number) {
    this.#at = now;
    this.#set(rate);
  }

  take(now: number): boolean {
    const owed = this.#debtMs - (now - this.#at);
    const debtMs = (owed > 0 ? owed : 0) + this.#permitMs;
    if (debtMs > this.#depthMs) return false;
    this.#debtMs = debtMs;
    this.#at = now;
    return true;
  }

  put(permits: number, now: number): void {
    this.#debtMs = this.#owedMs(now) + permits * this.#permitMs;
    this.#at = now;
  }

  waitMs(now: number, ahead: number): number {
    return Math.max(0, this.#owedMs(now) + (ahead + 1) * this.#permitMs - this.#depthMs);
  }

  available(now: number): number {
    return Math.floor((this.#depthMs - this.#owedMs(now)) / this.#permitMs);
  }

  change(rate: Rate, now: number): void {
    const taken = this.#owedMs(now) / this.#permitMs;
    this.#at = now;
    this.#set(rate);
    this.#debtMs = Math.min(taken, rate.burst) * this.#permitMs;
  }

  #owedMs(now: number): number {
    return Math.max(0, this.#debtMs - (now - this.#at));
  }

  #set({ limit, intervalMs, burst }: Rate): void {
    this.#permitMs = intervalMs / limit;
    this.#depthMs = (burst + rounding) * this.#permitMs;
  }
}
