// The store of series in its file keeps to the contract.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteSeries } from "../../src/stores/series/sqlite-series.ts";
import { seriesStoreConformance } from "../../src/testing/series-store-conformance.ts";

const project = "shop";

seriesStoreConformance("sqlite", ({ startMs, max }) => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-series-"));
  const open = (nowMs: number) => sqliteSeries({ folder, project, nowMs, max });
  return {
    store: open(startMs),
    reopen: open,
    cleanup: () => rmSync(folder, { recursive: true }),
  };
});
