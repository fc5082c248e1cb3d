// Names of series: the same labels make the same name, and are read back from it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { labelsOf, metricOf, seriesName } from "./series.ts";

test("labels are in the order of their names", () => {
  assert.equal(seriesName("up"), "up");
  const name = seriesName("http.duration", { route: "/cart", method: "GET" });
  assert.equal(name, 'http.duration{method="GET",route="/cart"}');
});

test("whatever the values are, they are read back", () => {
  const label = fc
    .string({ unit: "grapheme", minLength: 1 })
    .map((it) => it.replace(/[={},"]/g, "_"));
  const value = fc.oneof(fc.string(), fc.constantFrom('a"b', "a\\", "\\n", "\n", '",x="', "{}"));
  fc.assert(
    fc.property(fc.dictionary(label, value), (labels) => {
      const name = seriesName("m.x", labels);
      assert.equal(metricOf(name), "m.x");
      assert.deepEqual({ ...labelsOf(name) }, { ...labels });
    }),
    { numRuns: 200, seed: 3 },
  );
});
