// Upper bounds of histogram buckets: made, and checked.
import { HomeostatError } from "../../kernel/errors.ts";

const most = 200;

/**
 * `count` bounds, each `factor` times the one before: `exponentialBuckets(0.001, 2, 4)` is
 * 0.001, 0.002, 0.004, 0.008. An observation is known within that factor, however large it is.
 */
export function exponentialBuckets(
  start: number,
  factor: number,
  count: number,
): readonly number[] {
  if (!(start > 0 && factor > 1 && Number.isInteger(count) && count >= 1 && count <= most)) {
    const got = `${start}, ${factor}, ${count}`;
    throw invalid(`exponential need start > 0, factor > 1, count 1…${most}; got ${got}`);
  }
  const bounds = Array.from({ length: count }, (_, i) => start * factor ** i);
  // 12 digits: a bound is read by people, and 0.1 * 3 should say 0.3.
  return checkedBuckets(bounds.map((bound) => Number(bound.toPrecision(12))));
}

/** 1 ms to 33 s in seconds, doubling. */
export const defaultBuckets: readonly number[] = exponentialBuckets(0.001, 2, 16);

/** The bounds without the +Inf that is always there; throws unless they are finite and grow. */
export function checkedBuckets(bounds: readonly number[]): readonly number[] {
  const finite = bounds.at(-1) === Number.POSITIVE_INFINITY ? bounds.slice(0, -1) : [...bounds];
  const grows = finite.every((bound, i) => i === 0 || bound > (finite[i - 1] ?? Number.NaN));
  if (finite.length === 0 || finite.length > most || !finite.every(Number.isFinite) || !grows) {
    throw invalid(`must be 1…${most} finite numbers that grow, got ${bounds.slice(0, 10)}`);
  }
  return finite;
}

function invalid(problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `metrics: buckets ${problem}`);
}
