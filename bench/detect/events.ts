// Alarms held against labelled events: how many events are found, how many alarms are of none, and how late.
import type { LabelledSeries } from "./nab.ts";
import { probationOf } from "./nab.ts";

/** Alarm time outside of events is charged by blocks of so many points: an alarm that never ends is no one alarm. */
const blockPoints = 30;

export interface EventScore {
  /** Events with an alarm in them ÷ events. */
  readonly recall: number;
  /** Events found ÷ (events found + blocks with a false alarm). */
  readonly precision: number;
  /** Their harmonic mean. */
  readonly f1: number;
  /** Points from the beginning of an event's window to its first alarm, of those found. */
  readonly medianDelay: number;
}

export function scoreEvents(
  series: readonly LabelledSeries[],
  scores: readonly ArrayLike<number>[],
  threshold: number,
): EventScore {
  let [events, falseBlocks] = [0, 0];
  const delays: number[] = [];
  for (const [s, { values, windows }] of series.entries()) {
    const own = scores[s] ?? [];
    events += windows.length;
    for (const [first, last] of windows) {
      for (let i = first; i <= last; i++) {
        if ((own[i] ?? 0) < threshold) continue;
        delays.push(i - first);
        break;
      }
    }
    falseBlocks += falseBlocksOf(own, threshold, probationOf(values), values.length, windows);
  }
  const [recall, found] = [delays.length / events, delays.length];
  const precision = found === 0 ? 0 : found / (found + falseBlocks);
  const f1 = found === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  const medianDelay = delays.toSorted((a, b) => a - b)[delays.length >> 1] ?? Number.NaN;
  return { recall, precision, f1, medianDelay };
}

function falseBlocksOf(
  scores: ArrayLike<number>,
  threshold: number,
  from: number,
  to: number,
  windows: LabelledSeries["windows"],
): number {
  let [blocks, until] = [0, -1];
  for (let i = from; i < to; i++) {
    if (i < until || (scores[i] ?? 0) < threshold) continue;
    if (windows.some(([first, last]) => i >= first && i <= last)) continue;
    blocks++;
    until = i + blockPoints;
  }
  return blocks;
}
