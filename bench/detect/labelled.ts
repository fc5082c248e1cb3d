// NAB's series through our models: the benchmark's own score, and events found, beside controls.
import { join } from "node:path";
import type { SeriesModel } from "../../src/detectors/series/model.ts";
import {
  type SeriesModelName,
  seriesModel,
  seriesModels,
} from "../../src/detectors/series/models.ts";
import { atLeast, type Figure, shown } from "../table.ts";
import { scoreEvents } from "./events.ts";
import {
  bestScore,
  fewFalseNegatives,
  fewFalsePositives,
  type LabelledSeries,
  readNab,
  scoreAt,
  standard,
} from "./nab.ts";

/** The default budget, one a month, is the threshold of events. */
const alarmAt = 0.5;

type Scores = readonly Float64Array[];

export function labelled(data: string): readonly Figure[] {
  const series = readNab(join(data, "nab"));
  const ours = scoresOf(series, () => seriesModel("adaptive"));
  const others = Object.keys(seriesModels)
    .filter((name) => name !== "adaptive")
    .flatMap((name) => {
      const scores = scoresOf(series, () => seriesModel(name as SeriesModelName));
      return short(name, series, scores);
    });
  const name = `NAB standard, adaptive, ${series.length} files, one threshold`;
  return [
    atLeast(name, bestScore(series, ours, standard).score, 72),
    shown("  few false positives", bestScore(series, ours, fewFalsePositives).score),
    shown("  few false negatives", bestScore(series, ours, fewFalseNegatives).score),
    shown("  standard, at the default budget", scoreAt(series, ours, standard, alarmAt).score),
    ...events("adaptive", series, ours),
    ...others,
    ...short(
      "control: always on",
      series,
      series.map(({ values }) => new Float64Array(values.length).fill(1)),
    ),
    ...short("control: blind, each 500 points", series, blind(series)),
  ];
}

function scoresOf(series: readonly LabelledSeries[], make: () => SeriesModel): Scores {
  const model = make();
  return series.map(({ atMs, values }) => {
    const block = new Float64Array(model.size);
    model.begin(block);
    return values.map((value, i) => model.observe(block, atMs[i] ?? 0, value));
  });
}

function blind(series: readonly LabelledSeries[]): Scores {
  return series.map(({ values }) => values.map((_, i) => (i % 500 === 499 ? 1 : 0)));
}

function short(name: string, series: readonly LabelledSeries[], scores: Scores): readonly Figure[] {
  const { f1 } = scoreEvents(series, scores, alarmAt);
  return [
    shown(`${name}: NAB standard`, bestScore(series, scores, standard).score),
    shown(`${name}: F1 of events, default budget`, f1),
  ];
}

function events(
  name: string,
  series: readonly LabelledSeries[],
  scores: Scores,
): readonly Figure[] {
  const { recall, precision, f1, medianDelay } = scoreEvents(series, scores, alarmAt);
  return [
    shown(`${name}: events found, default budget`, recall),
    shown(`${name}: precision by blocks of 30 points`, precision),
    shown(`${name}: F1 of events`, f1),
    shown(`${name}: median delay in the window, points`, medianDelay),
  ];
}
