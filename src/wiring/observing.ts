// Where readings go: charts, the recorded past, what watches series, and the loop.
import type { Loop } from "../controller/loop.ts";
import { metrics, type Reading } from "../model/reading.ts";
import type { History } from "../server/history.ts";
import type { SeriesKeeper } from "./series.ts";
import type { Suspects } from "./suspects.ts";
import type { SeriesWatching } from "./watch-series.ts";

export interface Observing {
  readonly observe: Loop["observe"];
  /** For readings that no rule looks at as they are: the journal is spared them. */
  readonly note: (readings: readonly Reading[]) => void;
}

/** No rule looks at these: they are for people, and the journal does not keep them. */
const shownOnly: ReadonlySet<string> = new Set(
  [metrics.switches, metrics.diskRead, metrics.diskWritten].map(({ name }) => name),
);

export function observing(
  loop: Loop,
  history: History,
  suspects: Suspects,
  series: SeriesKeeper,
  watching: SeriesWatching | undefined,
): Observing {
  const note: Observing["note"] = (readings) => {
    history.note(readings);
    series.note(readings);
    const found = watching?.take(readings) ?? [];
    if (found.length > 0) loop.observe(found);
  };
  return {
    note,
    observe: (readings, soon) => {
      suspects.note(readings);
      const decisive = readings.filter(({ metric }) => !shownOnly.has(metric));
      if (decisive.length > 0) loop.observe(decisive, soon);
      note(readings);
    },
  };
}
