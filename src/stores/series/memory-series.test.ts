// The store of series in memory keeps to the contract, and to its bound.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seriesStoreConformance } from "../../testing/series-store-conformance.ts";
import { memorySeries } from "./memory-series.ts";

seriesStoreConformance("memory", ({ startMs, max }) => ({
  store: memorySeries({ nowMs: startMs, max }),
  cleanup: () => {},
}));

test("it keeps the newest points of each series", () => {
  const store = memorySeries({ nowMs: 1e12, pointsMax: 100 });
  const id = store.idOf({ target: "web", metric: "m", unit: "ms" }) ?? 0;
  for (let i = 0; i < 1_000; i++) {
    store.beat(1e12 + i * 1_000);
    store.append(id, 1e12 + i * 1_000, i);
  }
  const { last } = store.read(id, 0, 2e12, "raw");
  assert.ok(last.length <= 100 && last.length > 80, `${last.length}`);
  assert.equal(last.at(-1), 999);
});
