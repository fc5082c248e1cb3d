// From a counter that only grows, and now and then starts again, to what it grew by a second.

/** A count and when it was read. */
export interface CounterSample {
  readonly atMs: number;
  readonly value: number;
}

/**
 * Growth a second between two samples. A count below the one before is that of a process that began
 * anew: it grew from 0, as Prometheus' `rate` takes it.
 * @returns undefined when it cannot be told: no time has passed, or the clock went back.
 */
export function counterRate(before: CounterSample, now: CounterSample): number | undefined {
  const tookMs = now.atMs - before.atMs;
  if (!(tookMs > 0)) return undefined;
  const grown = now.value >= before.value ? now.value - before.value : now.value;
  const rate = (grown * 1_000) / tookMs;
  return Number.isFinite(rate) && rate >= 0 ? rate : undefined;
}
