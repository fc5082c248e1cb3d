// What detection costs: points a second and core, bytes a series, and ten thousand series at 1 Hz.
import { loadavg } from "node:os";
import { adaptive } from "../../src/detectors/series/adaptive.ts";
import {
  type SeriesModelName,
  seriesModel,
  seriesModels,
} from "../../src/detectors/series/models.ts";
import { threshold } from "../../src/detectors/threshold.ts";
import { seeded } from "../../src/kernel/random.ts";
import { metrics, reading } from "../../src/model/reading.ts";
import { atLeast, atMost, type Figure, shown } from "../table.ts";
import { beginMs, grounds, minuteMs } from "./world.ts";

const points = 500_000;
const rounds = 5;
const million = 1e6;

export function speed(): readonly Figure[] {
  const values = seriesOf(points);
  // First, and alone, as it runs in a daemon: the others share its parts and would blur what is compiled.
  const full = perSecond("adaptive", values) / million;
  const { size } = seriesModel("adaptive");
  const fleet = many(10_000, 600);
  const single = Object.keys(seriesModels).filter((name) => name !== "adaptive");
  return [
    atLeast("million points a second and core, adaptive", full, 1),
    atLeast("million readings a second and core, rules only", rules(values) / million, 5),
    ...single.map((name) =>
      shown(`  ${name}`, perSecond(name as SeriesModelName, values) / million),
    ),
    atMost("bytes a series, adaptive", size * 8, 4_096),
    ...fleet,
    shown("load average of the machine", loadavg()[0] ?? 0),
  ];
}

function seriesOf(count: number): Float64Array {
  const series = grounds["days and weekends"]?.(seeded(5));
  return Float64Array.from({ length: count }, (_, i) =>
    series ? series.usual(i) + series.noise(i) : 0,
  );
}

/** CPU seconds that `work` took: others may use the machine as well. */
function spent(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / million;
}

/** The best of five: the first is of code that is not compiled yet. */
function best(work: () => void): number {
  return Math.min(...Array.from({ length: rounds }, () => spent(work)));
}

function perSecond(name: SeriesModelName, values: Float64Array): number {
  const model = seriesModel(name);
  const took = best(() => {
    const block = new Float64Array(model.size);
    model.begin(block);
    for (let i = 0; i < values.length; i++) {
      model.observe(block, beginMs + i * minuteMs, values[i] ?? 0);
    }
  });
  return values.length / took;
}

function rules(values: Float64Array): number {
  const detector = threshold({ kind: "slow", limit: 24, forMs: 120_000, label: "p95" });
  const readings = Array.from(values, (value, i) => reading("web", metrics.p95, value, i * 10_000));
  const took = best(() => {
    let state = detector.initial;
    for (const each of readings) [state] = detector.observe(state, each);
  });
  return readings.length / took;
}

/** Simulated seconds, each with a point of each series. */
function many(series: number, seconds: number): readonly Figure[] {
  const model = adaptive();
  const all = new Float64Array(model.size * series);
  const blocks = Array.from({ length: series }, (_, i) =>
    all.subarray(i * model.size, (i + 1) * model.size),
  );
  for (const block of blocks) model.begin(block);
  const values = seriesOf(10_000);
  const second = (at: number): void => {
    for (const [i, block] of blocks.entries()) {
      model.observe(block, beginMs + at * 1_000, values[(i * 7 + at) % values.length] ?? 0);
    }
  };
  for (let at = 0; at < 60; at++) second(at);
  const before = process.memoryUsage().rss;
  const took = spent(() => {
    for (let at = 60; at < 60 + seconds; at++) second(at);
  });
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  return [
    atMost(`${series} series at 1 Hz: CPU, share of a core`, took / seconds, 0.35),
    atMost(`${series} series at 1 Hz for ${seconds / 60} minutes: RSS grows by, MiB`, grown, 16),
  ];
}
