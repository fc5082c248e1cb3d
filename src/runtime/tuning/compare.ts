// Whether a setting did better in one window than in another, against the noise of both.
import { deviation, median } from "../parts/median.ts";

export interface Comparison {
  readonly verdict: "better" | "same" | "worse";
  /** The medians. */
  readonly before: number;
  readonly after: number;
  /** Above 0 is better, in units of what is measured. */
  readonly gain: number;
  /** So much would have been a difference. */
  readonly needed: number;
}

/** Standard errors: one pair of windows of pure noise in 160 differs by more, to the better side. */
const certainty = 2.5;
/** Source: the median of n normal values has a standard error of 1.2533 σ / √n. */
const medianError = 1.2533;

/** `leastEffect` is a share of what was before: less is not worth a change, however certain. */
export function compare(
  before: readonly number[],
  after: readonly number[],
  better: "higher" | "lower",
  leastEffect: number,
): Comparison {
  const [was, is] = [median(before), median(after)];
  const error = Math.hypot(errorOf(before, was), errorOf(after, is));
  const needed = Math.max(leastEffect * Math.abs(was), certainty * error);
  const gain = better === "higher" ? is - was : was - is;
  const verdict = gain > needed ? "better" : gain < -needed ? "worse" : "same";
  return { verdict, before: was, after: is, gain, needed };
}

function errorOf(values: readonly number[], middle: number): number {
  return (medianError * deviation(values, middle)) / Math.sqrt(Math.max(1, values.length));
}
