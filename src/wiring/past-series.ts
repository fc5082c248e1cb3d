// Looks into the recorded past of a project, beside a daemon that may be writing it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HomeostatError } from "../kernel/errors.ts";
import { metricOf } from "../model/series.ts";
import { serviceOf } from "../model/target.ts";
import { seriesFile } from "../stores/series/series-file.ts";
import {
  type KeptSeries,
  type Resolution,
  resolutions,
  type SeriesStore,
  stepMs,
} from "../stores/series/series-store.ts";
import { sqliteSeries } from "../stores/series/sqlite-series.ts";
import { projectOf } from "../stores/sqlite-project.ts";
import { nearest, quote } from "./words.ts";

export { ratesOf } from "../stores/series/counter.ts";
export {
  type KeptSeries,
  type Resolution,
  resolutions,
  type SeriesStore,
  type Stretch,
} from "../stores/series/series-store.ts";

/** @throws DAEMON_ABSENT when nothing was ever recorded here; JOURNAL_CORRUPT */
export function openPast(stateFolder: string, nowMs: number): SeriesStore {
  const project = projectOf(stateFolder);
  if (project === undefined || !existsSync(join(stateFolder, seriesFile))) {
    const why = `no past of any series is recorded in ${stateFolder}`;
    throw new HomeostatError("DAEMON_ABSENT", why);
  }
  // What a daemon keeps in memory only is at most ten seconds.
  return sqliteSeries({ folder: stateFolder, project, nowMs, readOnly: true, max: 1_000_000 });
}

/**
 * The series of a service or an instance whose metric is meant by `metric`: its name with labels, its
 * name, or the last part of that ("cpu"); all of them without one.
 * @throws UNKNOWN_ID when there is none, with what comes near
 */
export function seriesMeant(
  store: SeriesStore,
  subject: string,
  metric?: string,
): readonly KeptSeries[] {
  const ofSubject = store.list(({ target }) => target === subject || serviceOf(target) === subject);
  if (ofSubject.length === 0) {
    const known = [...new Set(store.list().map(({ target }) => serviceOf(target)))];
    throw unknown("a service or instance with a past", subject, known);
  }
  if (metric === undefined) return ofSubject;
  const ways: ((series: KeptSeries) => boolean)[] = [
    (it) => it.metric === metric,
    (it) => metricOf(it.metric) === metric,
    (it) => metricOf(it.metric).split(".").at(-1) === metric,
  ];
  for (const way of ways) {
    const found = ofSubject.filter(way);
    if (found.length > 0) return found;
  }
  const known = [...new Set(ofSubject.map((it) => metricOf(it.metric)))].toSorted();
  throw unknown(`a metric of ${subject}`, metric, known);
}

const namedMax = 30;

function unknown(what: string, given: string, known: readonly string[]): HomeostatError {
  const near = nearest(given, known);
  const some = known.slice(0, namedMax).join(", ");
  const expected = near === undefined ? `${what}: ${some}` : `${what}, such as ${quote(near)}`;
  return new HomeostatError("UNKNOWN_ID", `expected ${expected}, got ${quote(given)}`);
}

/**
 * The coarsest resolution that still has a bucket for each of `rows`; a coarser one where only that
 * goes back far enough.
 */
export function resolutionFor(
  store: SeriesStore,
  fromMs: number,
  toMs: number,
  rows: number,
): Resolution {
  const { oldestMs } = store.stats();
  const widthMs = (toMs - fromMs) / rows;
  const fits = resolutions.filter((it) => stepMs[it] <= widthMs);
  const wanted = fits.at(-1) ?? "raw";
  const reach = (it: Resolution): number => oldestMs[it] ?? Number.POSITIVE_INFINITY;
  // What is not rolled up yet is made of what is finer when it is read.
  const coarser = resolutions.slice(resolutions.indexOf(wanted));
  const oldest = Math.min(...resolutions.map(reach));
  const ofFiner = Math.min(...resolutions.slice(0, resolutions.indexOf(wanted) + 1).map(reach));
  if (ofFiner <= Math.max(fromMs, oldest) + widthMs) return wanted;
  return coarser.find((it) => reach(it) <= Math.max(fromMs, oldest) + widthMs) ?? wanted;
}
