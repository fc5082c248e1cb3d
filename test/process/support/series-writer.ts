// Writes series as fast as it can, a second of them at a time, and says after each that it is done.
import { writeSync } from "node:fs";
import { sqliteSeries } from "../../../src/stores/series/sqlite-series.ts";
import { firstMs, pointOf, writtenSeries } from "./series-points.ts";

const [folder = "", from = "0"] = process.argv.slice(2);
const start = Number(from);
const store = sqliteSeries({ folder, project: "shop", nowMs: firstMs + start * 1_000 });
const ids = writtenSeries.map((series) => store.idOf(series) ?? 0);
for (let second = start; ; second++) {
  for (const [n, id] of ids.entries()) {
    store.append(id, firstMs + second * 1_000, pointOf(n, second));
  }
  store.beat(firstMs + second * 1_000);
  writeSync(1, `${second}\n`);
}
