// Rate of change, burn rate and the unusual keep to the contract, and what is their own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, type Reading, reading } from "../model/reading.ts";
import { detectorConformance } from "../testing/detector-conformance.ts";
import { burnRate, burnWindows } from "./burn-rate.ts";
import type { Detector, Finding } from "./detector.ts";
import { rate } from "./rate.ts";
import { unusual } from "./unusual.ts";

const minuteMs = 60_000;
const depth = { name: "queue.depth", unit: "count" } as const;
const score = { name: 'unusual{of="gateway.p99"}', unit: "ratio" } as const;

const depths = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => reading("web", depth, value, fromMs + i * 10_000));

const errors = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => reading("web", metrics.errors, value, fromMs + i * minuteMs));

const scores = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => reading("web", score, value, fromMs + i * minuteMs, "p99 840 ms"));

const repeat = (count: number, value: number): readonly number[] => Array(count).fill(value);

detectorConformance("rate of change", () => ({
  detector: rate({ kind: "hot", perSecond: 5, overMs: 30_000, label: "depth" }),
  ill: depths(5_000, 10, 12, 11, 14, 100, 400, 900, 1_500),
  well: depths(85_000, 1_510, 1_505, 1_500, 1_500, 1_500, 1_500, 1_500),
}));

detectorConformance("burn rate", () => ({
  detector: burnRate({ objective: 0.99, label: "checkout", windows: burnWindows.slice(0, 1) }),
  ill: errors(minuteMs, ...repeat(20, 0), ...repeat(40, 0.4)),
  well: errors(61 * minuteMs, ...repeat(60, 0)),
}));

detectorConformance("unusual", () => ({
  detector: unusual({ budget: 1, calmMs: 2 * minuteMs }),
  ill: scores(minuteMs, 0.3, 0.7, 0.9),
  well: [...scores(4 * minuteMs, 0, 0, 0), 8 * minuteMs],
}));

function findings(detector: Detector, readings: readonly Reading[]): readonly Finding[] {
  let state = detector.initial;
  return readings.map((it) => {
    const [next, finding] = detector.observe(state, it);
    state = next;
    return finding;
  });
}

const sick = (all: readonly Finding[]): number => all.findIndex((finding) => finding?.sick);

test("a short peak of errors burns no budget, half an hour of a few does", () => {
  const detector = burnRate({ objective: 0.999, label: "checkout" });
  const calm = repeat(360, 0.0002);
  assert.equal(sick(findings(detector, errors(0, ...calm, 0.5, ...repeat(20, 0)))), -1);
  const slow = findings(detector, errors(0, ...calm, ...repeat(400, 0.01)));
  const at = sick(slow) - calm.length;
  assert.ok(at > 120 && at < 260, `one in a hundred, ten times too fast, is found after ${at} min`);
  const fast = findings(detector, errors(0, ...calm, ...repeat(60, 0.2)));
  const found = fast[sick(fast)];
  assert.ok(sick(fast) - calm.length <= 6, `found after ${sick(fast) - calm.length} min`);
  assert.match(
    found?.sick ? found.why.text : "",
    /^checkout: .* % of requests failed in 60 minutes .* burns \d+\.\d times too fast, over 14\.4$/,
  );
});

test("a burn ends soon after the errors do", () => {
  const detector = burnRate({ objective: 0.999, label: "checkout" });
  const all = findings(detector, errors(0, ...repeat(60, 0), ...repeat(20, 0.5), ...repeat(60, 0)));
  const over = all.findLastIndex((finding) => finding && !finding.sick) - 80;
  // The window of six hours has one of half an hour beside it.
  assert.ok(over > 0 && over <= 34, `${over} minutes after the last error`);
});

test("a rate of one direction says nothing of the other", () => {
  const falling = depths(0, ...Array.from({ length: 20 }, (_, i) => 5_000 - 100 * i));
  const options = { kind: "hot", perSecond: 5, overMs: 30_000, label: "depth" } as const;
  assert.equal(sick(findings(rate({ ...options, direction: "up" }), falling)), -1);
  assert.ok(sick(findings(rate({ ...options, direction: "down" }), falling)) > 0);
  const why = findings(rate(options), falling).find((finding) => finding?.sick);
  assert.match(
    why?.sick ? why.why.text : "",
    /^depth changes by -10\.?\d* a second over 30 s, over 5/,
  );
});

test("the unusual counts by the budget", () => {
  const all = scores(0, 0.4, 0.6, 0.6);
  assert.equal(sick(findings(unusual({ budget: 1 }), all)), 1);
  assert.equal(sick(findings(unusual({ budget: 2 }), all)), 0);
  assert.equal(sick(findings(unusual({ budget: 0.2 }), all)), -1);
});
