// Counts a breaker's results: over the last so many calls, the last so many milliseconds, or in a row.

/** What is known of the recent calls. `failed` and `slow` may overlap. */
export interface Window {
  readonly total: number;
  readonly failed: number;
  readonly slow: number;
  /** One more result. The cost does not depend on the size. */
  record(failed: boolean, slow: boolean, now: number): void;
  /** Forgets what is too old; before the sums are read. */
  turn(now: number): void;
  clear(): void;
  /** True when the other counts over the same span. */
  like(other: Window): boolean;
}

const isFailed = 1;
const isSlow = 2;

/** The last `size` calls. */
export class CountWindow implements Window {
  total = 0;
  failed = 0;
  slow = 0;
  readonly #size: number;
  /** Made with the first result: most breakers of a process never see one. */
  #ring: Uint8Array | undefined;
  #at = 0;

  constructor(size: number) {
    this.#size = size;
  }

  record(failed: boolean, slow: boolean): void {
    this.#ring ??= new Uint8Array(this.#size);
    const ring = this.#ring;
    const at = this.#at;
    if (this.total === this.#size) {
      const old = ring[at] ?? 0;
      if ((old & isFailed) !== 0) this.failed -= 1;
      if ((old & isSlow) !== 0) this.slow -= 1;
    } else this.total += 1;
    let mark = 0;
    if (failed) {
      mark = isFailed;
      this.failed += 1;
    }
    if (slow) {
      mark |= isSlow;
      this.slow += 1;
    }
    ring[at] = mark;
    this.#at = at + 1 === this.#size ? 0 : at + 1;
  }

  turn(): void {}

  clear(): void {
    this.total = 0;
    this.failed = 0;
    this.slow = 0;
    this.#at = 0;
  }

  like(other: Window): boolean {
    return other instanceof CountWindow && other.#size === this.#size;
  }
}

const slots = 10;

/**
 * The last `ms` milliseconds, in tenths: a result counts for 0.9 to 1 times as long. Tenths are
 * given up when the next result or question comes; there is no timer.
 */
export class TimeWindow implements Window {
  total = 0;
  failed = 0;
  slow = 0;
  readonly #slotMs: number;
  /** total, failed and slow of each tenth. */
  #ring: Int32Array | undefined;
  /** Where the tenth that `now` falls in lies in the ring, and when it ends. */
  #at = 0;
  #endsAt = Number.NEGATIVE_INFINITY;

  constructor(ms: number) {
    this.#slotMs = ms / slots;
  }

  record(failed: boolean, slow: boolean, now: number): void {
    this.turn(now);
    this.#ring ??= new Int32Array(3 * slots);
    const ring = this.#ring;
    const at = this.#at;
    ring[at] = (ring[at] ?? 0) + 1;
    this.total += 1;
    if (failed) {
      ring[at + 1] = (ring[at + 1] ?? 0) + 1;
      this.failed += 1;
    }
    if (slow) {
      ring[at + 2] = (ring[at + 2] ?? 0) + 1;
      this.slow += 1;
    }
  }

  turn(now: number): void {
    if (now < this.#endsAt) return;
    const passed = Math.floor((now - this.#endsAt) / this.#slotMs) + 1;
    if (passed >= slots) this.clear();
    else for (let i = 0; i < passed; i++) this.#drop();
    this.#endsAt =
      passed === Number.POSITIVE_INFINITY
        ? now + this.#slotMs
        : this.#endsAt + passed * this.#slotMs;
  }

  /** Goes on to the next tenth, the oldest: what it held no longer counts. */
  #drop(): void {
    this.#at = this.#at + 3 === 3 * slots ? 0 : this.#at + 3;
    const ring = this.#ring;
    if (!ring) return;
    this.total -= ring[this.#at] ?? 0;
    this.failed -= ring[this.#at + 1] ?? 0;
    this.slow -= ring[this.#at + 2] ?? 0;
    ring.fill(0, this.#at, this.#at + 3);
  }

  clear(): void {
    this.total = 0;
    this.failed = 0;
    this.slow = 0;
    this.#ring?.fill(0);
  }

  like(other: Window): boolean {
    return other instanceof TimeWindow && other.#slotMs === this.#slotMs;
  }
}

/** Failures in a row, or slow calls in a row: the rate of the longer row is 1. */
export class ConsecutiveWindow implements Window {
  total = 0;
  failed = 0;
  slow = 0;

  record(failed: boolean, slow: boolean): void {
    this.failed = failed ? this.failed + 1 : 0;
    this.slow = slow ? this.slow + 1 : 0;
    this.total = Math.max(this.failed, this.slow);
  }

  turn(): void {}

  clear(): void {
    this.total = 0;
    this.failed = 0;
    this.slow = 0;
  }

  like(other: Window): boolean {
    return other instanceof ConsecutiveWindow;
  }
}
