// Cron schedules against a clock that is walked minute by minute, over changes of clocks and leap days.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Cron, nextRun, readCron } from "./cron.ts";
import { isZone } from "./zone.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

function cron(text: string): Cron {
  const read = readCron(text);
  if ("expected" in read) throw new Error(`${text}: expected ${read.expected}, got ${read.got}`);
  return read.cron;
}

/** The next moments after one, as ISO text without seconds. */
function next(text: string, zone: string, after: string, count: number): readonly string[] {
  const found: string[] = [];
  let at = Date.parse(after);
  for (let i = 0; i < count; i++) {
    at = nextRun(cron(text), zone, at) ?? Number.NaN;
    found.push(Number.isNaN(at) ? "never" : new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

/** Days around each change of clocks: by an hour, by half of one, over midnight, by two, and none. */
const turns: readonly (readonly [zone: string, day: string])[] = [
  ["Europe/Berlin", "2026-03-29"],
  ["Europe/Berlin", "2026-10-25"],
  ["America/New_York", "2028-03-12"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["America/Santiago", "2026-04-05"],
  ["America/Santiago", "2026-09-06"],
  ["Africa/Cairo", "2026-04-24"],
  ["Asia/Beirut", "2026-10-25"],
  ["Antarctica/Troll", "2026-03-29"],
  ["Asia/Kathmandu", "2028-02-29"],
  ["UTC", "2028-02-29"],
];

interface Walk {
  readonly zone: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Each minute that passes, and what the clock on the wall shows in it, as if that were UTC. */
  readonly minutes: readonly { readonly at: number; readonly wall: number }[];
}

const walks: readonly Walk[] = turns.map(([zone, day]) => {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric" },
  });
  const fromMs = Date.parse(day) - dayMs;
  const minutes = Array.from({ length: 3 * 1_440 }, (_, i) => {
    const at = fromMs + i * minuteMs;
    const parts = format.formatToParts(at).map(({ type, value }) => [type, Number(value)]);
    const { year, month, day: date, hour, minute } = Object.fromEntries(parts);
    return { at, wall: Date.UTC(year, month - 1, date, hour, minute) };
  });
  return { zone, fromMs, toMs: fromMs + 3 * dayMs, minutes };
});

function shows(of: Cron, wall: number): boolean {
  const date = new Date(wall);
  const ofMonth = of.days.has(date.getUTCDate());
  const ofWeek = of.weekdays.has(date.getUTCDay());
  return (
    of.minutes.includes(date.getUTCMinutes()) &&
    of.hours.includes(date.getUTCHours()) &&
    of.months.has(date.getUTCMonth() + 1) &&
    (of.eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek)
  );
}

/** What cron(8) of Debian promises, by looking at each minute; the first one is only looked at. */
function walked(of: Cron, { minutes }: Walk): readonly number[] {
  const runs = new Set<number>();
  const seen = new Set<number>();
  let shownMs = (minutes[0]?.wall ?? 0) - minuteMs;
  for (const { at, wall } of minutes) {
    if (!of.passes) {
      // What the clock has jumped over is made up for at once.
      for (let left = shownMs + minuteMs; left < wall; left += minuteMs) {
        if (shows(of, left)) runs.add(at);
      }
    }
    if (shows(of, wall) && (of.passes || !seen.has(wall))) runs.add(at);
    seen.add(wall);
    shownMs = wall;
  }
  return [...runs];
}

const number = (min: number, max: number) => fc.integer({ min, max }).map(String);
const field = (min: number, max: number, stars: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: stars, arbitrary: fc.constant("*") },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 25 }).map((n) => `*/${Math.min(n, max)}`) },
    {
      weight: 2,
      arbitrary: fc.array(number(min, max), { minLength: 1, maxLength: 3 }).map(String),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min: 1, max: 5 }))
        .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
    },
  );
const schedules = fc
  .tuple(field(0, 59, 2), field(0, 23, 3), field(1, 28, 12), field(1, 12, 30), field(0, 6, 12))
  .map((fields) => fields.join(" "));

describe("the next run", () => {
  it("is the minute that a clock shows which is walked through, whatever is done to it", () => {
    fc.assert(
      fc.property(schedules, fc.constantFrom(...walks), (text, walk) => {
        const of = cron(text);
        const expected = walked(of, walk).filter((at) => at > walk.fromMs);
        const got: number[] = [];
        for (let at = walk.fromMs; ; ) {
          const found = nextRun(of, walk.zone, at);
          if (found === undefined || found >= walk.toMs) break;
          assert.ok(found > at, `${text}: it does not move on from ${at}`);
          got.push(found);
          at = found;
        }
        assert.deepEqual(got, expected, text);
      }),
      { numRuns: 200, seed: 20_261_121 },
    );
  });

  it("of a moment that clocks leave out comes right after it, once", () => {
    assert.deepEqual(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", 2), [
      ...["2026-03-29T01:00", "2026-03-30T00:30"],
    ]);
    assert.deepEqual(next("5,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", 2), [
      ...["2026-03-29T01:00", "2026-03-30T00:05"],
    ]);
  });

  it("of a moment that comes twice is the first; what follows time runs in both hours", () => {
    assert.deepEqual(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", 2), [
      ...["2026-10-25T00:30", "2026-10-26T01:30"],
    ]);
    assert.deepEqual(next("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15Z", 4), [
      ...["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"],
    ]);
  });

  it("of 29 February comes with leap years only, and not in 2100", () => {
    assert.deepEqual(next("0 0 29 2 *", "UTC", "2093-01-01T00:00Z", 2), [
      ...["2096-02-29T00:00", "2104-02-29T00:00"],
    ]);
  });

  it("takes either day when both are limited", () => {
    assert.deepEqual(next("0 9 1 * mon", "UTC", "2026-10-27T00:00Z", 3), [
      ...["2026-11-01T09:00", "2026-11-02T09:00", "2026-11-09T09:00"],
    ]);
  });
});

describe("a schedule", () => {
  it("may use names, ranges, steps, lists and short words", () => {
    const weekdays = (text: string) => [...cron(text).weekdays].toSorted();
    assert.deepEqual(weekdays("0 0 * * MON-fri"), [1, 2, 3, 4, 5]);
    assert.deepEqual(weekdays("0 0 * * fri-sun"), [0, 5, 6]);
    assert.deepEqual(weekdays("0 0 * * 7"), [0]);
    assert.deepEqual([...cron("0 0 1 jan,Mar-may *").months], [1, 3, 4, 5]);
    assert.deepEqual(cron("10-20/5,0 * * * *").minutes, [0, 10, 15, 20]);
    assert.equal(cron(" @Daily ").text, "0 0 * * *");
    assert.equal(cron("@hourly").passes, true);
  });

  it("that is none is refused with what belongs there", () => {
    const wrong: readonly (readonly [text: string, expected: RegExp])[] = [
      ["", /five fields/],
      ["* * * *", /five fields/],
      ["* * * * * *", /five fields/],
      ["60 * * * *", /minute: 0 to 59/],
      ["* 24 * * *", /hour: 0 to 23/],
      ["* * 0 * *", /day of month: 1 to 31/],
      ["* * * foo *", /month: 1 to 12 or jan to dec/],
      ["* * * * 8", /weekday: 0 to 7 or sun to sat/],
      ["*/0 * * * *", /minute/],
      ["5/15 * * * *", /5-59\/15/],
      ["22-2 * * * *", /2-22/],
      ["1,,2 * * * *", /minute/],
      ["1-2-3 * * * *", /minute/],
      ["* * L * *", /day of month/],
      ["0 0 31 2,4 *", /a day that its months have/],
      ["@reboot", /@hourly/],
      [`${"1,".repeat(200)}1 * * * *`, /five fields/],
    ];
    for (const [text, expected] of wrong) {
      const read = readCron(text);
      assert.ok("expected" in read, text);
      assert.match(read.expected, expected, text);
    }
  });

  it("knows a time zone when it sees one", () => {
    assert.deepEqual(["UTC", "Europe/Warsaw", "Mars/Base", "", "Europe"].map(isZone), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
