// The middle of numbers, and how far they lie from it: both bear a few that are wild.

/** 0 when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}

/**
 * The median absolute deviation, times 1.4826: equal to the standard deviation of normal values.
 * Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993.
 */
export function deviation(values: readonly number[], middle: number = median(values)): number {
  return 1.4826 * median(values.map((each) => Math.abs(each - middle)));
}
