// What is heard of a log: lines by severity, stack traces as one, and kinds of lines that are new.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEar, type Ear, type EarSettings, type Heard } from "./ear.ts";

const settings: EarSettings = { learnMs: 1_000, from: "warn" };

function hear(ear: Ear, ...lines: readonly string[]): Heard {
  const stream = ear.open();
  for (const line of lines) stream.line(line, true);
  return ear.take(1_000);
}

test("severities are those of JSON and of text, and a stack trace is one entry", () => {
  const { lines } = hear(
    createEar(settings),
    '{"level":50,"msg":"order 7 failed","time":1}',
    '{"level":"warn","message":"slow"}',
    '2026-11-21 10:00:00.123 UTC [42] ERROR:  relation "x" does not exist',
    "2026/11/21 10:00:00 [notice] 1#1: start worker process 7",
    "TypeError: x is not a function",
    "    at foo (/app/x.js:1:2)",
    "    at bar (/app/x.js:3:4)",
    "}",
    "Traceback (most recent call last):",
    '  File "/app/x.py", line 3, in <module>',
    "ValueError: no such thing",
    "",
    "listening on 80",
  );
  assert.deepEqual(lines, { error: 4, warn: 1, info: 1, debug: 0, none: 1 });
});

test("while it learns nothing is new; then what it did not hear is, from a severity on", () => {
  const ear = createEar(settings);
  const first = hear(ear, "INFO up", "ERROR disk 7 is bad");
  assert.deepEqual([first.freshCount, ear.isLearning, ear.learnt], [0, false, 1]);
  const next = hear(ear, "ERROR disk 8 is bad", "INFO something else", "WARN pool 3 exhausted");
  assert.equal(next.freshCount, 1);
  const [fresh] = next.fresh;
  assert.deepEqual(
    [fresh?.template, fresh?.line, fresh?.severity],
    ["WARN pool <*> exhausted", "WARN pool 3 exhausted", "warn"],
  );
  assert.equal(hear(ear, "WARN pool 4 exhausted").freshCount, 0, "it is told once");
  const any = createEar({ learnMs: 0, from: "any" });
  assert.equal(hear(any, "hello").freshCount, 1);
  const errors = createEar({ learnMs: 0, from: "error" });
  assert.equal(hear(errors, "WARN a", "ERROR b").freshCount, 1);
});

test("silence teaches nothing: it learns from the first line on", () => {
  const ear = createEar(settings);
  ear.take(5_000);
  assert.equal(ear.heardMs, 0);
  hear(ear, "INFO up");
  assert.equal(ear.heardMs, 1_000);
});

test("what it shows of a line holds no secret, and is short", () => {
  const ear = createEar({ learnMs: 0, from: "warn" });
  const { fresh } = hear(ear, `ERROR token=abcdef ${"long ".repeat(500)}`);
  assert.match(fresh[0]?.line ?? "", /^ERROR token=\*\*\* long/);
  assert.ok((fresh[0]?.line.length ?? 999) < 300 && (fresh[0]?.template.length ?? 999) < 300);
});

test("many new ones at once are counted, and a few are shown", () => {
  const ear = createEar({ learnMs: 0, from: "warn" });
  const names = "a b c d e f g h i j k l".split(" ");
  const { fresh, freshCount } = hear(ear, ...names.map((name) => `ERROR ${name}`));
  assert.deepEqual([fresh.length, freshCount], [8, 12]);
});

test("a log with more kinds than are kept is full: new ones are not told for as long as it learns", () => {
  const ear = createEar(
    { learnMs: 2_000, from: "warn", templatesMax: 2 },
    kept("ERROR a", "ERROR b"),
  );
  hear(ear, "ERROR c d e");
  assert.equal(ear.isFull, true);
  assert.equal(hear(ear, "ERROR f g h").freshCount, 0);
  ear.take(5_000);
  assert.equal(ear.isFull, false);
});

test("what it knows can be kept, and given to the next", () => {
  const ear = createEar(settings);
  hear(ear, "INFO up", "ERROR disk 7 is bad");
  const next = createEar(settings, JSON.parse(JSON.stringify(ear.keep())));
  assert.equal(next.isLearning, false);
  assert.equal(hear(next, "ERROR disk 9 is bad").freshCount, 0);
  assert.equal(hear(next, "ERROR disk is gone").freshCount, 1);
});

function kept(...texts: readonly string[]): ReturnType<Ear["keep"]> {
  return { heardMs: 60_000, templates: texts.map((text) => ["error", 1, text] as const) };
}
