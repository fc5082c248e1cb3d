// Readings from logs: rates by severity, what is new, and what is expected after a start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../kernel/log.ts";
import type { Reading } from "../../model/reading.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { sourceConformance } from "../../testing/source-conformance.ts";
import { createEar, type EarSettings } from "./ear.ts";
import { logSignals } from "./signals.ts";

sourceConformance("log", {
  make: (look) => {
    const ear = createEar({ learnMs: 0, from: "warn" });
    const stream = ear.open();
    const ears = (): readonly (readonly [string, typeof ear])[] => {
      void look();
      stream.line("ERROR x", true);
      return [["web", ear]];
    };
    return logSignals({
      ...{ ears, startedAtMs: () => undefined, calmMs: () => 0 },
      ...{ lookMs: 1_000, everyMs: 1_000 },
    });
  },
  emitsWithinMs: 2_000,
  waits: false,
});

function listen(settings: EarSettings, startedAtMs?: number) {
  const clock = simClock(100_000);
  const ear = createEar(settings);
  const readings: Reading[] = [];
  const told: string[] = [];
  const stopped = new AbortController();
  const log = createLog({
    ...{ level: "info" as const, wall: clock.wall },
    write: ({ message }) => told.push(message),
  });
  const source = logSignals({
    ...{ ears: () => [["web", ear]], startedAtMs: () => startedAtMs, calmMs: () => 30_000 },
    ...{ lookMs: 1_000, everyMs: 5_000 },
  });
  const emit = (all: readonly Reading[]): void => void readings.push(...all);
  void source.start({ clock, log, signal: stopped.signal, emit });
  const latest = (metric: string): Reading | undefined =>
    readings.findLast((it) => it.metric === metric);
  return { clock, ear, stream: ear.open(), told, latest };
}

test("lines a second by severity; those that were not looked at are like the others", async () => {
  const { clock, ear, stream, latest } = listen({ learnMs: 0, from: "warn" });
  for (let i = 0; i < 8; i++) stream.line(`INFO request ${i}`, true);
  stream.line("ERROR boom", true);
  stream.line("from before", false);
  ear.cut(9);
  await clock.advance(5_000);
  assert.equal(latest('log.lines{severity="info"}')?.value, (8 * 2) / 5);
  assert.equal(latest('log.lines{severity="error"}')?.value, (1 * 2) / 5);
  assert.equal(latest('log.lines{severity="warn"}')?.value, 0);
  assert.equal(latest('log.lines{severity="debug"}'), undefined);
  assert.equal(latest("log.cut")?.value, 9 / 5);
  assert.equal(latest("log.templates")?.value, 3);
  await clock.advance(5_000);
  assert.equal(latest('log.lines{severity="info"}')?.value, 0);
});

test("nothing is said of a log that nothing was heard of", async () => {
  const { clock, latest } = listen({ learnMs: 0, from: "warn" });
  await clock.advance(20_000);
  assert.deepEqual([latest("log.new_templates"), latest("log.templates")], [undefined, undefined]);
});

test("how much is learnt is told, and what is new only then, within a second, with its line", async () => {
  const { clock, stream, latest } = listen({ learnMs: 20_000, from: "warn" });
  stream.line("INFO up", true);
  await clock.advance(10_000);
  assert.equal(latest("log.learnt")?.value, 0.5);
  assert.equal(latest("log.new_templates"), undefined);
  await clock.advance(15_000);
  assert.equal(latest("log.learnt")?.value, 1);
  assert.equal(latest("log.new_templates")?.value, 0);
  stream.line("ERROR pool 7 is gone", true);
  await clock.advance(1_000);
  const { value, note = "" } = latest("log.new_templates") ?? {};
  assert.equal(value, 1);
  assert.match(
    note,
    /^a line of severity error that its log never had \(1 kinds known after 2\d s\)/,
  );
  assert.match(note, /"ERROR pool <\*> is gone"; the line: "ERROR pool 7 is gone"$/);
});

test("soon after a start new kinds of lines are expected, and that is said", async () => {
  const { clock, stream, latest, told } = listen({ learnMs: 0, from: "warn" }, 100_000);
  await clock.advance(10_000);
  stream.line("ERROR migrating 7", true);
  await clock.advance(1_000);
  const { value, note } = latest("log.new_templates") ?? {};
  assert.deepEqual([value, note], [0, "1 new, as expected: web was started 11 s ago"]);
  assert.deepEqual(told, ["a new kind of log line, as expected after a start"]);
  await clock.advance(30_000);
  stream.line("ERROR melting 7", true);
  await clock.advance(1_000);
  assert.equal(latest("log.new_templates")?.value, 1);
});
