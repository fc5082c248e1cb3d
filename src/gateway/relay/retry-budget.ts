// How many repeats the requests of the last seconds pay for: without it retries multiply an outage.

/** Seconds that count. What was paid in before is gone: a burst of repeats has a bound. */
const seconds = 10;

/**
 * Never more repeats within 10 s than `ratio` of the requests of these, and `minPerSecond` beside them
 * for each second. Source of the rule: Linkerd, retry budgets (ttl 10 s), after Finagle's RetryBudget;
 * the budget of the policies saves up to a number, which no number fits from one request a second to
 * fifty thousand.
 */
export class RetryBudget {
  ratio: number;
  minPerSecond: number;
  readonly #requests: number[] = new Array<number>(seconds).fill(0);
  readonly #repeats: number[] = new Array<number>(seconds).fill(0);
  #second: number;

  constructor(ratio: number, minPerSecond: number, nowMs: number) {
    this.ratio = ratio;
    this.minPerSecond = minPerSecond;
    this.#second = Math.floor(nowMs / 1_000);
  }

  /** A request pays in. */
  deposit(nowMs: number): void {
    const at = this.#at(nowMs);
    this.#requests[at] = (this.#requests[at] ?? 0) + 1;
  }

  /** Repeats that may be made now. */
  left(nowMs: number): number {
    this.#at(nowMs);
    const paid = this.ratio * sum(this.#requests) + this.minPerSecond * seconds;
    return Math.max(0, Math.floor(paid + 1e-9) - sum(this.#repeats));
  }

  /** Takes one out; false when there is none left. */
  withdraw(nowMs: number): boolean {
    if (this.left(nowMs) === 0) return false;
    const at = this.#at(nowMs);
    this.#repeats[at] = (this.#repeats[at] ?? 0) + 1;
    return true;
  }

  #at(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    const passed = Math.min(seconds, second - this.#second);
    for (let i = 0; i < passed; i++) {
      const old = (second - i) % seconds;
      this.#requests[old] = 0;
      this.#repeats[old] = 0;
    }
    if (passed > 0) this.#second = second;
    return this.#second % seconds;
  }
}

function sum(counts: readonly number[]): number {
  let all = 0;
  for (const count of counts) all += count;
  return all;
}
