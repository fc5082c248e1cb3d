// Counts how many calls were wanted and how many the target accepted in the last so many milliseconds.

const slots = 10;

/**
 * Sums over a window in tenths, as the breaker's: a call counts for 0.9 to 1 times as long, and
 * tenths are given up when the next call or question comes, without a timer.
 */
export class DemandWindow {
  readonly ms: number;
  readonly priorities: number;
  /** Calls wanted, those included that were not sent. */
  total = 0;
  /** Calls that the target accepted. */
  accepted = 0;
  readonly #slotMs: number;
  /** How many numbers a tenth holds: calls of each priority, then the accepted ones. */
  readonly #width: number;
  readonly #ring: Int32Array;
  readonly #wanted: Int32Array;
  #at = 0;
  #endsAt = Number.NEGATIVE_INFINITY;

  constructor(ms: number, priorities: number) {
    this.ms = ms;
    this.priorities = priorities;
    this.#slotMs = ms / slots;
    this.#width = priorities + 1;
    this.#ring = new Int32Array(slots * this.#width);
    this.#wanted = new Int32Array(priorities);
  }

  /** Calls wanted of one priority. */
  wanted(priority: number): number {
    return this.#wanted[priority] ?? 0;
  }

  record(priority: number, accepted: boolean, now: number): void {
    this.turn(now);
    const ring = this.#ring;
    const at = this.#at;
    ring[at + priority] = (ring[at + priority] ?? 0) + 1;
    this.#wanted[priority] = (this.#wanted[priority] ?? 0) + 1;
    this.total += 1;
    if (!accepted) return;
    const last = at + this.priorities;
    ring[last] = (ring[last] ?? 0) + 1;
    this.accepted += 1;
  }

  /** Forgets what is too old; before the sums are read. */
  turn(now: number): void {
    if (now < this.#endsAt) return;
    const passed = Math.floor((now - this.#endsAt) / this.#slotMs) + 1;
    if (passed >= slots) this.#clear();
    else for (let i = 0; i < passed; i++) this.#drop();
    this.#endsAt =
      passed === Number.POSITIVE_INFINITY
        ? now + this.#slotMs
        : this.#endsAt + passed * this.#slotMs;
  }

  /** Goes on to the next tenth, the oldest: what it held no longer counts. */
  #drop(): void {
    const ring = this.#ring;
    this.#at = (this.#at + this.#width) % ring.length;
    for (let i = 0; i < this.priorities; i++) {
      const count = ring[this.#at + i] ?? 0;
      this.#wanted[i] = (this.#wanted[i] ?? 0) - count;
      this.total -= count;
    }
    this.accepted -= ring[this.#at + this.priorities] ?? 0;
    ring.fill(0, this.#at, this.#at + this.#width);
  }

  #clear(): void {
    this.total = 0;
    this.accepted = 0;
    this.#wanted.fill(0);
    this.#ring.fill(0);
  }
}
