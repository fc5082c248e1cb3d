// Durations: what people may write, and what they read.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

test("durations are read as people write them", () => {
  const cases: readonly (readonly [string | number, number | undefined])[] = [
    [250, 250],
    ["500ms", 500],
    ["2s", 2_000],
    ["1.5s", 1_500],
    ["1m30s", 90_000],
    ["6h", 21_600_000],
    ["7d", 604_800_000],
    ["0s", 0],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ["", undefined],
    ["5 sec", undefined],
    ["5", undefined],
    ["-1s", undefined],
    ["1s500", undefined],
    ["s", undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, String(text));
});

test("durations are told in the units that fit them", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 ms"],
    [340, "340 ms"],
    [999.4, "999 ms"],
    [2_500, "2.5 s"],
    [4_000, "4 s"],
    [59_999, "1 min"],
    [200_000, "3 min 20 s"],
    [14_700_000, "4 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test("any text is either a duration of zero or more, or none", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double()), (value) => {
      const ms = parseDuration(value);
      assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0));
    }),
  );
});
