// The line of a terminal: where its dots stand, and that gaps stay empty.
import assert from "node:assert/strict";
import { test } from "node:test";
import { amountText } from "./amounts.ts";
import { chartOf } from "./chart.ts";

const points = (values: readonly (number | undefined)[]) => {
  const there = values.flatMap((value, at) => (value === undefined ? [] : [{ at, value }]));
  const last = there.map(({ value }) => value);
  return {
    at: there.map(({ at }) => at),
    count: there.map(() => 1),
    ...{ min: last, max: last, sum: last, last },
  };
};

test("a rising line goes from the lowest dot to the highest", () => {
  const chart = chartOf(points([0, 1, 2, 3, 4, 5, 6, 7]), {
    fromMs: 0,
    toMs: 8,
    columns: 4,
    rows: 2,
  });
  assert.deepEqual(chart, { lines: ["  ⡠⠊", "⡠⠊"], low: 0, high: 7 });
});

test("the range of a bucket is shaded, and what was not measured is empty", () => {
  const bucket = { at: [0], count: [2], min: [0], max: [8], sum: [2], last: [0] };
  const chart = chartOf(bucket, { fromMs: 0, toMs: 2, columns: 2, rows: 2 });
  assert.deepEqual(
    chart?.lines,
    ["░", "⡀"].map((it) => (it === "⡀" ? "⠄" : it)),
  );
  const gap = chartOf(points([1, 1, undefined, undefined, 2, 2]), {
    ...{ fromMs: 0, toMs: 6, columns: 3, rows: 1 },
  });
  assert.deepEqual(gap?.lines, ["⣀ ⠉"]);
  assert.equal(chartOf(points([]), { fromMs: 0, toMs: 6, columns: 3, rows: 1 }), undefined);
});

test("amounts read as people write them", () => {
  const shown = [
    amountText(0.1234, "ms"),
    amountText(1_234, "ms"),
    amountText(73_400_320, "bytes"),
    amountText(0.0312, "ratio"),
    amountText(12.345, "per_s"),
    amountText(7, "count"),
    amountText(Number.NaN, "count"),
  ];
  assert.deepEqual(shown, ["0.123 ms", "1.2 s", "70 MiB", "3.12 %", "12.3/s", "7", "-"]);
});
