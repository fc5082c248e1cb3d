// What alarms before something is full are worth: found, how early, and how often for nothing.

import type { Rule, Said } from "./forecast-rules.ts";
import { day, type Fill } from "./forecast-world.ts";

export interface Tally {
  exhausting: number;
  /** An alarm was active between three horizons and half an hour before the limit. */
  found: number;
  /** Minutes from the begin of the alarm that was active then to the limit. */
  readonly leads: number[];
  healthy: number;
  /** Alarms of what is well, those of the first day apart. */
  falseFirst: number;
  falseLater: number;
  alarmed: number;
  alarmedLater: number;
  days: number;
  daysLater: number;
  /** Alarms long before what runs out does. */
  early: number;
  /** Relative errors of the time told at half of the time; those that could not tell apart. */
  readonly errors: number[];
  untold: number;
}

export function emptyTally(): Tally {
  return {
    ...{ exhausting: 0, found: 0, leads: [], healthy: 0, falseFirst: 0, falseLater: 0 },
    ...{ alarmed: 0, alarmedLater: 0, days: 0, daysLater: 0, early: 0, errors: [], untold: 0 },
  };
}

/** The last minutes before the limit, in which an alarm is too late. */
const late = 30;

export function judge(tally: Tally, fill: Fill, rule: Rule, said: Said): void {
  const runs = runsOf(said.alarm);
  if (fill.fullAt === undefined) {
    const first = runs.filter(([from]) => from < day).length;
    tally.healthy++;
    tally.falseFirst += first;
    tally.falseLater += runs.length - first;
    tally.days += fill.values.length / day;
    tally.daysLater += Math.max(0, fill.values.length / day - 1);
    if (runs.length > 0) tally.alarmed++;
    if (runs.length > first) tally.alarmedLater++;
    return;
  }
  const [from, to] = [fill.fullAt - 3 * rule.horizon, fill.fullAt - late];
  const hit = runs.find(([begin, end]) => begin <= to && end >= from);
  tally.exhausting++;
  tally.early += runs.filter(([, end]) => end < from).length;
  if (hit) {
    tally.found++;
    tally.leads.push(fill.fullAt - hit[0]);
  }
  const half = Math.floor(fill.fullAt / 2);
  const left = fill.fullAt - half;
  const eta = said.eta[half] ?? Number.NaN;
  if (Number.isNaN(eta)) tally.untold++;
  else tally.errors.push(Math.abs(eta - left) / left);
}

/** First and last minute of each alarm. */
function runsOf(alarm: Uint8Array): readonly (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  let begin = -1;
  for (let i = 0; i <= alarm.length; i++) {
    if (alarm[i] === 1) {
      if (begin < 0) begin = i;
    } else if (begin >= 0) {
      runs.push([begin, i - 1]);
      begin = -1;
    }
  }
  return runs;
}

export function shareOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
