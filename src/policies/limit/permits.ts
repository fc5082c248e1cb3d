// Permits of one limiter or key, handed out mostly without reading the clock and never too early.
import type { Clock } from "../../kernel/clock.ts";
import { type Expiring, Ticket, tickerOf, tickMs } from "../engine/ticker.ts";
import type { Call } from "../strategy.ts";
import type { Allowance, Rate } from "./allowance.ts";

/** With fewer permits than this at hand each one is taken at its exact time. */
const plenty = 32;

/**
 * Reading the clock would be a fifth of what a call costs, and the ticker's time will not do: a permit
 * put down as taken at the last tick would come back too early, by a whole stall if the event loop
 * stood still. So while there are plenty, half of them are handed out without any time, and put down
 * as taken at the next tick, which is up to 10 ms too late and never too early.
 */
export class Permits implements Expiring {
  readonly #allowance: Allowance;
  readonly #clock: Clock;
  /** How many more may be handed out before the next tick. */
  #spare = 0;
  /** How many were. */
  #fresh = 0;
  /** Learns the time of the next tick. */
  #tick: Ticket | undefined;

  constructor(allowance: Allowance, clock: Clock) {
    this.#allowance = allowance;
    this.#clock = clock;
  }

  /** A permit for this call; false when there is none. */
  take(call: Call, level: number): boolean {
    if (this.#spare > 0 && this.#tick !== undefined && this.#tick.dueAt < 0) {
      this.#spare -= 1;
      this.#fresh += 1;
      return true;
    }
    const now = this.#clock.now();
    if (!this.takeAt(now)) return false;
    const rest = this.#allowance.available(now);
    if (rest < plenty) return true;
    this.#spare = rest >> 1;
    if (this.#tick === undefined) {
      this.#tick = new Ticket(this, call, level);
      tickerOf(this.#clock).lane(tickMs).add(this.#tick);
    }
    return true;
  }

  takeAt(now: number): boolean {
    this.#settle(now);
    return this.#allowance.take(now);
  }

  waitMs(now: number, ahead: number): number {
    this.#settle(now);
    return this.#allowance.waitMs(now, ahead);
  }

  available(now: number): number {
    this.#settle(now);
    return this.#allowance.available(now);
  }

  change(rate: Rate, now: number): void {
    this.#settle(now);
    this.#allowance.change(rate, now);
  }

  expire(): void {
    this.#settle(Number.POSITIVE_INFINITY);
  }

  /** Puts down when the permits were taken that were handed out without a time. */
  #settle(now: number): void {
    const tick = this.#tick;
    if (tick === undefined) return;
    this.#spare = 0;
    const ticked = tick.dueAt >= 0;
    if (this.#fresh > 0) {
      this.#allowance.put(this.#fresh, ticked ? Math.min(now, tick.dueAt - tickMs) : now);
      this.#fresh = 0;
    }
    if (!ticked) return;
    tick.lane?.remove(tick);
    this.#tick = undefined;
  }
}
