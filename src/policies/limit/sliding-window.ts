// The exact times of the last permits: never more than the limit in any interval.
import type { Allowance, Rate } from "./allowance.ts";

const leastSize = 8;

/**
 * At most `limit` permits in any interval of `intervalMs`, wherever it begins: a permit is taken out
 * when the one `limit` before it is `intervalMs` old. Costs 8 bytes for each permit of the last
 * interval, so at most 8 × limit; the usual two counters would need less and let up to twice the
 * limit through in bad luck.
 */
export class SlidingWindow implements Allowance {
  #limit: number;
  #intervalMs: number;
  /** Times of the last permits, a ring that grows up to `limit`. */
  #times: Float64Array = new Float64Array(0);
  /** Where the next goes; the oldest stands there when the ring is full. */
  #next = 0;
  #count = 0;

  constructor({ limit, intervalMs }: Rate) {
    this.#limit = limit;
    this.#intervalMs = intervalMs;
  }

  take(now: number): boolean {
    const size = this.#times.length;
    if (this.#count === size && (size === 0 || now - this.#nth(0) < this.#intervalMs)) {
      if (size === this.#limit) return false;
      this.#resize(Math.min(this.#limit, Math.max(leastSize, 2 * size)));
    }
    const at = this.#next;
    this.#times[at] = now;
    this.#next = at + 1 === this.#times.length ? 0 : at + 1;
    if (this.#count < this.#times.length) this.#count += 1;
    return true;
  }

  put(permits: number, now: number): void {
    for (let i = 0; i < permits; i++) this.take(now);
  }

  waitMs(now: number, ahead: number): number {
    const free = this.available(now);
    if (ahead < free) return 0;
    // Those ahead that begin now are followed after an interval, as are all others after theirs.
    const place = ahead - free;
    const rounds = Math.floor(place / this.#limit);
    const after = place % this.#limit;
    const recent = this.#limit - free;
    const ageMs = after < recent ? now - this.#nth(this.#count - recent + after) : 0;
    return (rounds + 1) * this.#intervalMs - ageMs;
  }

  available(now: number): number {
    // The first that is not too old, by halving: times only grow.
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (now - this.#nth(middle) < this.#intervalMs) high = middle;
      else low = middle + 1;
    }
    return this.#limit - (this.#count - low);
  }

  change({ limit, intervalMs }: Rate): void {
    this.#limit = limit;
    this.#intervalMs = intervalMs;
    if (this.#times.length > limit) this.#resize(limit);
  }

  /** The time of the n-th oldest permit that is known. */
  #nth(n: number): number {
    const size = this.#times.length;
    const at = this.#next - this.#count + n;
    return this.#times[at < 0 ? at + size : at] ?? 0;
  }

  /** The newest that have room, oldest first. */
  #resize(size: number): void {
    const kept = Math.min(this.#count, size);
    const times = new Float64Array(size);
    for (let i = 0; i < kept; i++) times[i] = this.#nth(this.#count - kept + i);
    this.#times = times;
    this.#count = kept;
    this.#next = kept === size ? 0 : kept;
  }
}
