// Capture: once per error, reporters apart from one another, a flush that ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Report, Reporter } from "../parts/capture.ts";
import type { Stage, Stopping } from "../parts/stopping.ts";
import { createCapture } from "./capture.ts";

interface Kept extends Reporter {
  readonly reports: Report[];
}

function keeping(name = "keeping"): Kept {
  const reports: Report[] = [];
  return { name, reports, capture: (report) => void reports.push(report) };
}

function logged(): { readonly entries: Entry[]; readonly log: ReturnType<typeof createLog> } {
  const entries: Entry[] = [];
  const write = (entry: Entry): void => void entries.push(entry);
  return { entries, log: createLog({ level: "debug", wall: () => 0, write }) };
}

const never = new Promise<void>(() => {});

test("an error is told once to each reporter, with where, when and what was known", () => {
  const [one, two] = [keeping("one"), keeping("two")];
  const { capture } = createCapture({ clock: simClock(), reporters: [one, two] });
  const error = new Error("lost");
  assert.equal(capture(error, "inner", { order: 7, fatal: true }), true);
  assert.equal(capture(error, "outer"), false);
  assert.deepEqual(one.reports, two.reports);
  assert.deepEqual(one.reports, [
    {
      error,
      source: "inner",
      fatal: true,
      time: "2026-01-01T00:00:00.000Z",
      context: { order: 7 },
    },
  ]);
});

test("a value that is no object is the same error for a second only", async () => {
  const clock = simClock();
  const { capture } = createCapture({ clock });
  assert.deepEqual([capture("lost", "inner"), capture("lost", "outer")], [true, false]);
  await clock.advance(1_000);
  assert.equal(capture("lost", "another day"), true);
  for (let n = 0; n < 1_000; n++) capture(n, "many");
  assert.equal(capture(999, "many"), false);
  assert.equal(capture("lost", "forgotten: only 100 values are remembered"), true);
});

test("a frozen error is told once too", () => {
  const { capture } = createCapture({ clock: simClock() });
  const error = Object.freeze(new Error("frozen"));
  assert.deepEqual([capture(error, "a"), capture(error, "b")], [true, false]);
});

test("a reporter that throws, rejects or hangs is nobody else's trouble", async () => {
  const clock = simClock();
  const { entries, log } = logged();
  const kept = keeping();
  const bad: Reporter[] = [
    {
      name: "throws",
      capture: () => {
        throw new Error("cannot");
      },
    },
    { name: "rejects", capture: () => Promise.reject(new Error("will not")) },
    { name: "hangs", capture: () => never },
  ];
  const captures = createCapture({ clock, log, reporters: [...bad, kept] });
  for (let n = 0; n < 5; n++) captures.capture(new Error(`${n}`), "test");
  await clock.advance(0);
  assert.equal(kept.reports.length, 5);
  assert.deepEqual(
    captures.list().map(({ name, captured, failed, pending }) => [name, captured, failed, pending]),
    [
      ["throws", 0, 5, 0],
      ["rejects", 5, 5, 0],
      ["hangs", 5, 0, 5],
      ["keeping", 5, 0, 0],
    ],
  );
  const warnings = entries.map(({ level, message }) => `${level} ${message}`);
  assert.deepEqual(warnings, [
    "warn reporter throws failed: cannot",
    "warn reporter rejects failed: will not",
  ]);
});

test("a reporter that captures while it captures is not called for ever", () => {
  const log = logged();
  const other = keeping();
  const circular: Reporter = {
    name: "circular",
    capture: () => void captures.capture(new Error("my own trouble"), "circular"),
  };
  const captures = createCapture({ clock: simClock(), log: log.log, reporters: [circular, other] });
  captures.capture(new Error("first"), "test");
  assert.equal(captures.list()[0]?.captured, 1);
  assert.equal(other.reports.length, 2);
});

test("a slow reporter has so many reports under way; more are dropped and counted", () => {
  const { entries, log } = logged();
  const slow: Reporter = { name: "slow", capture: () => never };
  const captures = createCapture({ clock: simClock(), log, reporters: [slow], pending: 3 });
  for (let n = 0; n < 10; n++) captures.capture(new Error(`${n}`), "test");
  const figures = { name: "slow", captured: 3, failed: 0, dropped: 7, pending: 3 };
  assert.deepEqual(captures.list(), [figures]);
  assert.equal(entries.length, 1);
});

test("flush waits for what is under way, tells the rest to end after 2 s and leaves after 3 s", async () => {
  const clock = simClock();
  const { entries, log } = logged();
  const reporters: Reporter[] = [
    { name: "quick", capture: () => clock.sleep(1_500), flush: () => clock.sleep(200) },
    { name: "polite", capture: () => {}, flush: (signal) => clock.sleep(60_000, signal) },
    { name: "deaf", capture: () => {}, flush: () => never },
    { name: "stuck", capture: () => never },
  ];
  const captures = createCapture({ clock, log, reporters });
  captures.capture(new Error("last words"), "test");
  let left: readonly string[] | undefined;
  void captures.flush().then((names) => {
    left = names;
  });
  await clock.advance(2_999);
  assert.equal(left, undefined);
  await clock.advance(1);
  assert.deepEqual(left, ["polite", "deaf", "stuck"]);
  assert.equal(clock.pending, 0);
  assert.deepEqual(entries.at(-1)?.fields, { left });
});

test("a flush with nothing to wait for ends at once", async () => {
  const clock = simClock();
  const captures = createCapture({ clock, reporters: [keeping()] });
  assert.deepEqual(await captures.flush(), []);
  assert.equal(clock.pending, 0);
});

test("the flush is the last stage of a shutdown, and a reporter can be taken away", async () => {
  const steps: [string, Stage, number | undefined][] = [];
  const stopping: Stopping = {
    signal: new AbortController().signal,
    stopping: false,
    die: () => {},
    sleep: async () => {},
    onStop: (name, stage, _work, limitMs) => {
      steps.push([name, stage, limitMs]);
      return { [Symbol.dispose]: () => {} };
    },
  };
  const kept = keeping();
  const captures = createCapture({ clock: simClock(), stopping });
  captures.add(kept)[Symbol.dispose]();
  captures.capture(new Error("unheard"), "test");
  assert.equal(kept.reports.length, 0);
  assert.deepEqual(steps, [["flush reporters", "reporters", 3_500]]);
});
