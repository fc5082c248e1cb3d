// The time that is left is told with its band, and no more exactly than it is known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { amount, inTime } from "./words.ts";

const minute = 60_000;
const told = (eta: number, low: number, high: number): string =>
  inTime({ etaMs: eta * minute, lowMs: low * minute, highMs: high * minute });

test("a band is told on both sides, or by its ends when it reaches further to one", () => {
  assert.equal(told(200, 160, 240), "in 3 h 20 min ± 40 min");
  assert.equal(told(201.4, 161, 239), "in 3 h 20 min ± 39 min");
  assert.equal(told(200, 160, 900), "in about 3 h 20 min (2 h 40 min to 15 h)");
  assert.equal(told(200, 199, 201), "in 3 h 20 min");
  assert.equal(told(200, 160, Number.POSITIVE_INFINITY), "in about 3 h 20 min, or much later");
  assert.equal(told(0.4, 0.3, 0.5), "in 24 s ± 6 s");
  assert.equal(told(3_017, 2_000, 4_000), "in 2 d 2 h ± 16 h 40 min");
});

test("amounts are told in their unit", () => {
  assert.equal(amount(431_983_616, "bytes"), "412 MiB");
  assert.equal(amount(53_687_091_200, "bytes"), "50.0 GiB");
  assert.equal(amount(0.934, "ratio"), "93 %");
  assert.equal(amount(1_012, "count"), "1012");
});
