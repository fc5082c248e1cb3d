// When a scheduled job is told to be due, by a wall clock that may stand still and jump.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../testing/seeded.ts";
import { readCron } from "./cron.ts";
import { type Due, planFrom, type Timetable, turn } from "./due.ts";

const minuteMs = 60_000;
const start = Date.parse("2026-11-21T12:00:30Z");

function table(text: string, over: Partial<Timetable> = {}): Timetable {
  const read = readCron(text);
  assert.ok("cron" in read);
  return { cron: read.cron, zone: "UTC", jitterMs: 0, catchUp: true, ...over };
}

/** Looks at the wall clock at each of these times, in minutes since the start. */
function look(of: Timetable, minutes: readonly number[]): readonly (Due | undefined)[] {
  const random = seeded(1);
  let plan = planFrom(of, start, random);
  return minutes.map((minute) => {
    const turned = turn(of, plan, start + minute * minuteMs, random);
    plan = turned.plan;
    return turned.due;
  });
}

const told = (found: readonly (Due | undefined)[]): readonly string[] =>
  found.map((due) =>
    due ? `${due.kind} ${new Date(due.dueAt).toISOString().slice(11, 16)} +${due.missed}` : "-",
  );

test("it is due once at each of its moments", () => {
  const found = look(table("*/5 * * * *"), [0, 4, 4.5, 5, 9.4, 9.5, 9.6]);
  assert.deepEqual(told(found), ["-", "-", "due 12:05 +0", "-", "-", "due 12:10 +0", "-"]);
});

test("what passed while the machine slept is made up for once", () => {
  const found = look(table("*/5 * * * *"), [1, 63, 64, 64.5]);
  assert.deepEqual(told(found), ["-", "due 13:00 +11", "-", "due 13:05 +0"]);
});

test("or told and left out; what is a little late only runs all the same", () => {
  const never = table("0 * * * *", { catchUp: false });
  assert.deepEqual(told(look(never, [1, 130, 179.6])), ["-", "missed 14:00 +2", "due 15:00 +0"]);
  assert.deepEqual(told(look(never, [1, 59.7])), ["-", "due 13:00 +0"]);
});

test("a clock that is set back repeats nothing, and one that was far wrong begins anew", () => {
  const hourly = table("0 * * * *");
  assert.deepEqual(told(look(hourly, [60, 20, 59, 60, 120])), [
    ...["due 13:00 +0", "-", "-", "-", "due 14:00 +0"],
  ]);
  const far = 100 * 1_440;
  assert.deepEqual(told(look(hourly, [far, 0, 59, 60])).slice(1), ["-", "-", "due 13:00 +0"]);
});

test("years of sleep are counted up to a limit, and cost no more than that", () => {
  const [due] = look(table("* * * * *"), [3 * 365 * 1_440]);
  assert.equal(due?.missed, 1_000);
  const found = look(table("* * * * *"), [3 * 365 * 1_440, 3 * 365 * 1_440 + 1]);
  assert.equal(found[1]?.missed, 0);
});

test("chance delays each run, within its bounds, and loses none", () => {
  const of = table("0 * * * *", { jitterMs: 10 * minuteMs });
  const random = seeded(7);
  let plan = planFrom(of, start, random);
  const delays: number[] = [];
  for (let at = start; at < start + 50.25 * 3_600_000; at += 1_000) {
    const turned = turn(of, plan, at, random);
    plan = turned.plan;
    if (turned.due) delays.push(at - turned.due.dueAt);
    assert.equal(turned.due?.missed ?? 0, 0);
  }
  assert.equal(delays.length, 50);
  assert.ok(delays.every((ms) => ms >= 0 && ms <= 10 * minuteMs + 1_000));
  assert.ok(new Set(delays).size > 20, "they differ");
});
