// The slope of a line, its interval and its test, against what is known of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seeded } from "../../testing/seeded.ts";
import { isRising, trendOf } from "./trend.ts";

test("a line has its slope and level, whatever a third of its points do", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -5, max: 5, noNaN: true }),
      fc.array(fc.nat({ max: 23 }), { maxLength: 6 }),
      (slope, wild) => {
        const values = Array.from({ length: 24 }, (_, i) => slope * i);
        for (const [n, at] of wild.entries()) values[at] = n % 2 === 0 ? 1e6 : Number.NaN;
        const trend = trendOf(values);
        assert.ok(trend && Math.abs(trend.slope - slope) < 1e-6);
        assert.ok(Math.abs(trend.level - slope * 23) < 1e-6);
        assert.ok(trend.low <= trend.slope && trend.slope <= trend.high);
      },
    ),
    { numRuns: 30 },
  );
});

test("it says so of noise about as often as it says it does, also when the noise has a memory", () => {
  const random = seeded(11);
  for (const memory of [0, 0.5]) {
    let [risen, missed] = [0, 0];
    for (let run = 0; run < 120; run++) {
      let x = 0;
      const values = Array.from({ length: 24 }, () => (x = memory * x + random() - 0.5));
      const trend = trendOf(values);
      if (isRising(values, 2) && (trend?.z ?? 0) > 2) risen++;
      if (trend && (trend.low > 0 || trend.high < 0)) missed++;
    }
    // One in 44 is what z of 2 means; one in ten the interval. Without the memory's share it is 3 to 4 times that.
    assert.ok(risen <= 8, `${risen} of 120 rise, with memory ${memory}`);
    assert.ok(missed <= 24, `${missed} of 120 intervals leave 0 out, with memory ${memory}`);
  }
});

test("too few points are no trend", () => {
  assert.equal(trendOf([1, 2, 3, 4, 5, 6, 7]), undefined);
  assert.equal(isRising([1, 2, 3, 4, 5, 6, 7], 2), false);
});
