// Learns from recent latencies how long a call usually takes, in a fixed amount of memory.

/** Buckets to a doubling: a quantile is told at most 9 % too high (2^(1/8)), never too low. */
const perDoubling = 8;
/** Up to 2^17 ms, two minutes; what takes longer counts as that. */
const buckets = 17 * perDoubling + 1;
/** Calls after which the older half of the weight is halved again. */
const span = 1_000;

/**
 * Counts in buckets whose bounds grow by a constant factor, as in DDSketch (Masson, Rim and Lee,
 * VLDB 2019); all counts are halved every 1,000 calls, so that what was fades.
 */
export class Latencies {
  readonly #counts = new Float32Array(buckets);
  #total = 0;

  /** Calls that it knows of, older ones by the weight they still have. */
  get total(): number {
    return this.#total;
  }

  record(ms: number): void {
    if (this.#total >= 2 * span) this.#fade();
    const at = ms <= 1 ? 0 : Math.min(Math.ceil(Math.log2(ms) * perDoubling), buckets - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
  }

  /** Milliseconds that a share of `quantile` of the calls do not exceed. */
  quantile(quantile: number): number {
    const rank = quantile * this.#total;
    let sum = 0;
    let at = 0;
    for (; at < buckets - 1; at++) {
      sum += this.#counts[at] ?? 0;
      if (sum >= rank) break;
    }
    return 2 ** (at / perDoubling);
  }

  #fade(): void {
    this.#total = 0;
    for (let at = 0; at < buckets; at++) {
      const left = (this.#counts[at] ?? 0) / 2;
      this.#counts[at] = left;
      this.#total += left;
    }
  }
}
