// Takes points or buckets in the order of their times, and makes longer buckets of them.
import type { Stretch } from "./series-store.ts";
import { significant } from "./significant.ts";
import { emptyStretch, inOrder, sumDigits } from "./stretch.ts";

export interface Roll {
  /** Those of `fromMs` on and before `toMs`; of points there is one column, of buckets five. */
  add(
    arePoints: boolean,
    at: Float64Array,
    columns: readonly Float64Array[],
    count: number,
    fromMs: number,
    toMs: number,
  ): void;
  end(): Stretch;
}

export function createRoll(stepMs: number): Roll {
  let made = emptyStretch();
  let row = -1;
  let startMs = Number.NaN;
  let isOrdered = true;
  const open = (atMs: number): void => {
    const beforeMs = startMs;
    startMs = Math.floor(atMs / stepMs) * stepMs;
    if (startMs < beforeMs) isOrdered = false;
    row += 1;
    made.at.push(startMs);
    made.count.push(0);
    made.min.push(Number.POSITIVE_INFINITY);
    made.max.push(Number.NEGATIVE_INFINITY);
    made.sum.push(0);
    made.last.push(0);
  };
  return {
    add: (arePoints, at, columns, count, fromMs, toMs) => {
      const [first, second = first, third = first, fourth = first, fifth = first] = columns;
      for (let i = 0; i < count; i++) {
        const atMs = at[i] ?? 0;
        if (atMs < fromMs || atMs >= toMs) continue;
        if (!(atMs >= startMs && atMs < startMs + stepMs)) open(atMs);
        const value = first?.[i] ?? 0;
        const [low, high] = arePoints ? [value, value] : [second?.[i] ?? 0, third?.[i] ?? 0];
        made.count[row] = (made.count[row] ?? 0) + (arePoints ? 1 : value);
        if (low < (made.min[row] ?? 0)) made.min[row] = low;
        if (high > (made.max[row] ?? 0)) made.max[row] = high;
        made.sum[row] = (made.sum[row] ?? 0) + (arePoints ? value : (fourth?.[i] ?? 0));
        made.last[row] = arePoints ? value : (fifth?.[i] ?? 0);
      }
    },
    end: () => {
      if (!isOrdered) made = inOrder(made, stepMs);
      const { sum } = made;
      for (let i = 0; i < sum.length; i++) sum[i] = significant(sum[i] ?? 0, sumDigits);
      return made;
    },
  };
}
