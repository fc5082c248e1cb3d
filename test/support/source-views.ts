// Two foreign sources as a state shows them: one that loses nothing, and one that loses in every way.
import type { SourceView } from "../../src/protocol/sources.ts";

export const sound: SourceView = {
  ...{ name: "otlp", where: "http://127.0.0.1:4318", requests: 3, taken: 7, series: 2 },
  ...{ seriesMax: 10, refused: {}, unmapped: {} },
};

export const lossy: SourceView = {
  ...sound,
  refused: { late: 2, "series limit": 1 },
  unmapped: { shop: 4, evil: 1 },
  trouble: "EADDRINUSE",
};
