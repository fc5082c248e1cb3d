// What a scrape says of foreign sources.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lossy } from "../../test/support/source-views.ts";
import { expositionOf } from "../protocol/metric-text.ts";
import { sourceFamilies } from "./metrics-sources.ts";

test("without sources a scrape says nothing of them", () => {
  assert.equal(expositionOf(sourceFamilies([]), "prometheus"), "");
});

test("losses are counted by reason, and no label holds a name that others chose", () => {
  const text = expositionOf(sourceFamilies([lossy]), "prometheus");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(lines, [
    'homeostat_source_up{source="otlp"} 0',
    'homeostat_source_requests_total{source="otlp"} 3',
    'homeostat_source_points_total{source="otlp"} 7',
    'homeostat_source_refused_total{source="otlp",reason="late"} 2',
    'homeostat_source_refused_total{source="otlp",reason="series limit"} 1',
    'homeostat_source_unmapped_total{source="otlp"} 5',
    'homeostat_source_series{source="otlp"} 2',
    'homeostat_source_series_limit{source="otlp"} 10',
  ]);
});
