// Holds the adaptive limits to their promise in a simulated overload: near the best fixed limit, untold.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, scenarios } from "../../../bench/policies/overload.ts";

// Neither was looked at when the defaults were chosen.
const seeds = [101, 202];

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

for (const scenario of scenarios) {
  test(`overload, ${scenario.name}: within 20 % of the best fixed limit`, () => {
    const all = seeds.map((seed) => compare(scenario, seed));
    const said = JSON.stringify(all);
    const gradient = all.map(({ share }) => share.gradient);
    assert.ok(mean(gradient) >= 0.8, said);
    assert.ok(Math.min(...gradient) >= 0.75, said);
    // In steps of whole calls Vegas is coarse for the smallest servers.
    assert.ok(Math.min(...all.map(({ share }) => share.vegas)) >= 0.65, said);
    if (scenario.phases.every(({ load }) => load <= 1)) return;
    assert.ok(
      all.every(({ share }) => share.unlimited < 0.3),
      `no overload: ${said}`,
    );
  });
}

test("the same seed plays the same world", () => {
  const [, twice] = scenarios;
  assert.ok(twice);
  assert.deepEqual(compare(twice, 7), compare(twice, 7));
});
