// Every series model of ours keeps to the contract.
import { seriesConformance } from "../../testing/series-conformance.ts";
import { type SeriesModelName, seriesModels } from "./models.ts";

/** Who learns weeks needs two of them; who looks at distributions sees little in three days. */
const points: Partial<Record<SeriesModelName, number>> = { weekly: 2_020, distribution: 720 };

for (const [name, make] of Object.entries(seriesModels)) {
  const needed = points[name as SeriesModelName];
  seriesConformance(name, needed === undefined ? { make } : { make, points: needed });
}
