// Five-field cron schedules: read once, then asked for the next moment after another one. Pure.
import { localOffsets, type Offsets } from "./zone.ts";

/**
 * A schedule that was read. Days follow Vixie cron: when both day fields are limited, a day that
 * fits either of them is meant.
 */
export interface Cron {
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  readonly eitherDay: boolean;
  /**
   * Minute or hour begin with "*": it follows the passing of time, and runs in each of two equal
   * hours. Any other schedule names moments of a clock on the wall, each of which comes once a day.
   */
  readonly passes: boolean;
}

export type Read =
  | { readonly cron: Cron }
  /** What stands there, and what could stand there. */
  | { readonly expected: string; readonly got: string };

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12, names: months },
  { name: "weekday", from: 0, to: 7, names: weekdays },
];

const macros: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const textMax = 200;

export function readCron(given: string): Read {
  const text = given.trim().toLowerCase();
  const short = Object.hasOwn(macros, text) ? macros[text] : undefined;
  if (text.startsWith("@") && short === undefined) {
    return { expected: Object.keys(macros).join(", "), got: given };
  }
  const words = (short ?? text).split(/\s+/);
  const count = words.length === 1 && words[0] === "" ? 0 : words.length;
  if (count !== fields.length || text.length > textMax) {
    const expected = "five fields: minute, hour, day of month, month and weekday";
    return { expected, got: text.length > textMax ? `${text.length} characters` : `${count}` };
  }
  const sets: (readonly number[])[] = [];
  for (const [i, field] of fields.entries()) {
    const set = readField(words[i] ?? "", field);
    if ("expected" in set) return set;
    sets.push(set);
  }
  const [minutes = [], hours = [], days = [], months = [], week = []] = sets;
  const [minute = "", hour = "", day = "", , weekday = ""] = words;
  const eitherDay = !day.startsWith("*") && !weekday.startsWith("*");
  const never = days.every((n) => months.every((month) => n > (longestMonth[month - 1] ?? 0)));
  if (never && !eitherDay) return { expected: "a day that its months have", got: given };
  const cron: Cron = {
    text: words.join(" "),
    minutes,
    hours,
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(week.map((n) => n % 7)),
    eitherDay,
    passes: minute.startsWith("*") || hour.startsWith("*"),
  };
  return { cron };
}

type Fault = { readonly expected: string; readonly got: string };

function readField(word: string, field: Field): readonly number[] | Fault {
  const found = new Set<number>();
  for (const part of word.split(",")) {
    const range = readPart(part, field);
    if ("expected" in range) return range;
    for (let n = range.from; n <= range.to; n += range.step) found.add(n);
  }
  return [...found].toSorted((a, b) => a - b);
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function readPart(part: string, field: Field): Range | Fault {
  const { name, from, to } = field;
  const fault = (expected: string): Fault => ({ expected: `${name}: ${expected}`, got: part });
  const [, range = "", by] = /^([^/]*)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  const step = by === undefined ? 1 : Number(by);
  if (range === "" || step < 1 || step > to) return fault(`${phrase(field)}, or "*/${from + 5}"`);
  // A step of weekdays ends with Saturday: Sunday is 0, and 7 is another name for it.
  const last = name === "weekday" ? 6 : to;
  if (range === "*") return { from, to: last, step };
  const [low = "", high] = range.split("-", 2);
  const first = numberOf(low, field);
  if (first === undefined || range.split("-").length > 2) return fault(phrase(field));
  if (high === undefined) {
    if (by === undefined) return { from: first, to: first, step };
    return fault(`a range before the step, such as ${low}-${last}/${by}`);
  }
  const end = numberOf(high, field);
  if (end === undefined) return fault(phrase(field));
  // "fri-sun": the week may end with Sunday.
  const until = end === 0 && first > 0 && name === "weekday" ? 7 : end;
  if (until < first) return fault(`a range that goes up, such as ${high}-${low}`);
  return { from: first, to: until, step };
}

function phrase({ from, to, names }: Field): string {
  const words = names ? ` or ${names[0]} to ${names.at(-1)}` : "";
  return `${from} to ${to}${words}`;
}

function numberOf(word: string, { from, to, names }: Field): number | undefined {
  const named = names?.indexOf(word) ?? -1;
  if (named >= 0) return named + from;
  if (!/^\d{1,2}$/.test(word)) return undefined;
  const value = Number(word);
  return value >= from && value <= to ? value : undefined;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** 29 February on one certain weekday comes at least once in 40 years, whatever century ends. */
const daysMax = 40 * 366;

/**
 * The first moment after `afterMs` (Unix milliseconds); undefined when none comes in 40 years.
 * Clocks that are put forward: what names a moment in the hour that is left out runs right after
 * it. Clocks that are put back: it runs in the first of the two equal hours. Source: cron(8) of
 * Debian.
 */
export function nextRun(cron: Cron, zone: string | undefined, afterMs: number): number | undefined {
  const offsets = localOffsets(zone);
  // The day before too: where clocks go back over midnight, its last hour comes once more.
  let day = Math.floor((afterMs + offsets.at(afterMs)) / dayMs) - 1;
  for (let i = 0; i < daysMax; i++, day++) {
    if (!isDay(cron, day)) continue;
    const found = momentIn(cron, day * dayMs, offsets, afterMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isDay({ days, months, weekdays, eitherDay }: Cron, day: number): boolean {
  const date = new Date(day * dayMs);
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const ofMonth = days.has(date.getUTCDate());
  const ofWeek = weekdays.has(date.getUTCDay());
  return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** The first moment of one day on the wall that comes after `afterMs`. */
function momentIn(
  cron: Cron,
  dayStart: number,
  offsets: Offsets,
  afterMs: number,
): number | undefined {
  const { before, after, turnsAt } = offsets.around(dayStart, dayStart + dayMs);
  let first = Number.POSITIVE_INFINITY;
  const take = (at: number): void => {
    if (at > afterMs && at < first) first = at;
  };
  for (const hour of cron.hours) {
    const hourStart = dayStart + hour * hourMs;
    // Most hours of a day are over, or come later than what was found.
    if (hourStart + hourMs - Math.min(before, after) <= afterMs) continue;
    if (hourStart - Math.max(before, after) > first) break;
    for (const minute of cron.minutes) {
      const wall = hourStart + minute * minuteMs;
      const [early, late] = [wall - before, wall - after];
      const isEarly = early < turnsAt;
      const isLate = late >= turnsAt;
      if (isEarly) take(early);
      if (isLate && (!isEarly || cron.passes)) take(late);
      if (!isEarly && !isLate && !cron.passes) take(turnsAt);
    }
  }
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}
