// What is understood of a line: its time, its level, its fields; and what is left as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOfLine } from "./log-line.ts";

const at = Date.UTC(2026, 10, 21, 3, 0, 0, 123);

test("a JSON line is time, level, message and the fields that are left", () => {
  const pino = `{"level":50,"time":${at},"pid":7,"msg":"boom","err":{"code":"E1"}}`;
  assert.deepEqual(factsOfLine(pino), {
    ...{ at, level: "error", message: "boom" },
    fields: { pid: 7, err: { code: "E1" } },
  });
  const winston = '{"level":"warn","message":"late","timestamp":"2026-11-21T03:00:00.123Z"}';
  assert.deepEqual(factsOfLine(winston), { at, level: "warn", message: "late", fields: {} });
  const seconds = `{"ts":${at / 1_000},"severity":"ERROR","message":"x"}`;
  assert.equal(factsOfLine(seconds).at, at);
  assert.equal(factsOfLine(seconds).level, "error");
});

test("what only looks like JSON, or has odd values, is no more than it is", () => {
  for (const text of ["{not json}", "[1]", '{"a":1', "", "null", `{"a":"${"x".repeat(70_000)}"}`]) {
    assert.deepEqual(factsOfLine(text), { message: text });
  }
  const odd = '{"time":"soon","level":7,"msg":5,"__proto__":{"a":1}}';
  const { fields, ...rest } = factsOfLine(odd);
  assert.deepEqual(rest, { message: "" });
  assert.deepEqual(Object.keys(fields ?? {}), ["time", "level", "msg", "__proto__"]);
});

test("a line of text tells its time at its beginning", () => {
  const times = [
    "2026-11-21T03:00:00.123Z a",
    "[2026-11-21 03:00:00,123+00:00] a",
    "2026-11-21T04:00:00.1234+01:00 a",
  ];
  for (const text of times) assert.equal(factsOfLine(text).at, at, text);
  for (const text of ["at 2026-11-21T03:00:00Z", "12:00:00 a", "2026-13-41T03:00:00Z"]) {
    assert.equal(factsOfLine(text).at, undefined, text);
  }
});

test("a level is found where loggers put it, and not in what people write", () => {
  const levels: readonly (readonly [string, string | undefined])[] = [
    ["2026-11-21T03:00:00Z shop [ERROR] no", "error"],
    ["WARN  slow", "warn"],
    ["time=1 level=error msg=x", "error"],
    ["TypeError: x is not a function", "error"],
    ["Error [ERR_X]: y", "error"],
    ["Traceback (most recent call last):", "error"],
    ["panic: runtime error", "error"],
    ["Uncaught exception", "error"],
    ["0 errors, 1 warning", undefined],
    ["no error here", undefined],
    ["INFOrmation", undefined],
  ];
  for (const [text, level] of levels) assert.equal(factsOfLine(text).level, level, text);
});
