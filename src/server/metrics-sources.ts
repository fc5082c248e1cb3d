// Families of what foreign sources took in, and what they left out.
import type { Family } from "../protocol/metric-family.ts";
import type { SourceView } from "../protocol/sources.ts";
import { family, type Point } from "./metrics-parts.ts";

/** Names that others choose stand in the state, not here: a label holds none of them. */
export function sourceFamilies(sources: readonly SourceView[]): readonly Family[] {
  const each = (value: (of: SourceView) => number): readonly Point[] =>
    sources.map((it) => [{ source: it.name }, value(it)]);
  const refused = sources.flatMap(({ name, refused: counts }) =>
    Object.entries(counts).map(([reason, count]): Point => [{ source: name, reason }, count]),
  );
  const strangers = ({ unmapped }: SourceView): number =>
    Object.values(unmapped).reduce((sum, count) => sum + count, 0);
  return [
    family(
      "gauge",
      "source_up",
      "Whether a source works",
      each((it) => (it.trouble ? 0 : 1)),
    ),
    family(
      "counter",
      "source_requests_total",
      "Requests taken",
      each((it) => it.requests),
    ),
    family(
      "counter",
      "source_points_total",
      "Points taken",
      each((it) => it.taken),
    ),
    family("counter", "source_refused_total", "Points left out, by reason", refused),
    family("counter", "source_unmapped_total", "Points of no service here", each(strangers)),
    family(
      "gauge",
      "source_series",
      "Series that are kept",
      each((it) => it.series),
    ),
    family(
      "gauge",
      "source_series_limit",
      "Series that may be",
      each((it) => it.seriesMax),
    ),
  ];
}
