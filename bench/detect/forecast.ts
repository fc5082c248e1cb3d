// Forecasts of exhaustion, ours beside the rules that people use: simulated series and real V8 heaps.
import {
  type ForecastOptions,
  forecast,
  forecastOf,
} from "../../src/detectors/forecast/forecast.ts";
import { atLeast, atMost, type Figure, report, shown } from "../table.ts";
import { peers, type Rule, type Said } from "./forecast-rules.ts";
import { emptyTally, judge, shareOf, type Tally } from "./forecast-score.ts";
import { exhausting, type Fill, healthy, makeFill } from "./forecast-world.ts";
import { readHeaps } from "./heaps.ts";

const minuteMs = 60_000;
const options: ForecastOptions = { label: "memory", limit: 1, horizonMs: 240 * minuteMs };

/** The detector of the loop with its default settings, a reading a minute. */
const ours: Rule = {
  name: "ours",
  horizon: 240,
  run: (values): Said => {
    const alarm = new Uint8Array(values.length);
    const eta = new Float64Array(values.length).fill(Number.NaN);
    const detector = forecast(options);
    const half = Math.floor((values.length - 1) / 2);
    let state = detector.initial;
    for (const [i, value] of values.entries()) {
      const atMs = i * minuteMs;
      const metric = "memory";
      [state] = detector.observe(state, { target: "web/1", metric, value, unit: "ratio", atMs });
      alarm[i] = state.alarm ? 1 : 0;
      if (i !== half) continue;
      const found = forecastOf(state, options, 1);
      if (found.kind === "full") eta[i] = found.etaMs / minuteMs;
    }
    return { alarm, eta };
  },
};

export interface ForecastBench {
  /** First and last; the settings were chosen on 1 to 40. */
  readonly seeds: readonly [number, number];
  readonly beside: readonly Rule[];
}

const seen: ForecastBench = { seeds: [1, 40], beside: [] };
const sealed: ForecastBench = { seeds: [1_001, 1_040], beside: peers };

/** Takes about four minutes of one core. */
export function forecastFigures(
  parts: readonly ForecastBench[] = [seen, sealed],
): readonly Figure[] {
  const simulated = parts.flatMap(({ seeds: [first, last], beside }) => {
    const names = [...Object.keys(exhausting), ...Object.keys(healthy)];
    const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const fills = names.flatMap((name) => seeds.map((seed) => makeFill(name, seed)));
    const name = `seeds ${first}-${last}`;
    return [ours, ...beside].flatMap((rule) => rowsOf(name, rule, tallyOf(rule, fills)));
  });
  const heaps = readHeaps();
  const roomy = readHeaps(1.5).filter(({ fullAt }) => fullAt === undefined);
  const real = [ours, ...peers].flatMap((rule) => [
    ...heapRows("heaps", rule, tallyOf(rule, heaps)),
    shown(
      `heaps with room (limit 150 %), ${rule.name}: false alarms of ${roomy.length} healthy`,
      alarmsOf(tallyOf(rule, roomy)),
    ),
  ]);
  // A rule that tells no time has no error in it.
  return [...simulated, ...real].filter(({ value }) => !Number.isNaN(value));
}

function tallyOf(rule: Rule, fills: readonly Fill[]): Tally {
  const tally = emptyTally();
  for (const fill of fills) judge(tally, fill, rule, rule.run(fill.values));
  return tally;
}

function alarmsOf({ falseFirst, falseLater }: Tally): number {
  return falseFirst + falseLater;
}

function rowsOf(where: string, rule: Rule, tally: Tally): readonly Figure[] {
  const isOurs = rule === ours;
  const as = (text: string): string => `${where}, ${rule.name}: ${text}`;
  const recall = tally.found / tally.exhausting;
  const alarms = alarmsOf(tally) / tally.days;
  const lead = shareOf(tally.leads, 0.5) / 60;
  const names = {
    recall: as(`recall of ${tally.exhausting}`),
    alarms: as("false alarms per healthy series-day"),
    lead: as("lead, median, h"),
  };
  return [
    isOurs ? atLeast(names.recall, recall, 0.97) : shown(names.recall, recall),
    isOurs ? atMost(names.alarms, alarms, 0.08) : shown(names.alarms, alarms),
    shown(as("… of the first day"), tally.falseFirst / tally.healthy),
    shown(as("… of later days"), tally.falseLater / tally.daysLater),
    isOurs ? atLeast(names.lead, lead, 3.5) : shown(names.lead, lead),
    shown(as("lead, 10th percentile, h"), shareOf(tally.leads, 0.1) / 60),
    shown(as("healthy series that alarmed, %"), (100 * tally.alarmed) / tally.healthy),
    shown(as("error of the time told at half time, median, %"), 100 * shareOf(tally.errors, 0.5)),
    shown(as("… not told at half time, %"), (100 * tally.untold) / tally.exhausting),
  ];
}

function heapRows(where: string, rule: Rule, tally: Tally): readonly Figure[] {
  const as = (text: string): string => `${where}, ${rule.name}: ${text}`;
  return [
    shown(as(`leaks found of ${tally.exhausting}`), tally.found),
    shown(as("lead, median, h"), shareOf(tally.leads, 0.5) / 60),
    shown(as(`false alarms on the first day, ${tally.healthy} healthy`), tally.falseFirst),
    shown(as(`… on ${tally.daysLater.toFixed(0)} later series-days`), tally.falseLater),
  ];
}

if (import.meta.main) report(forecastFigures(), { json: process.argv.includes("--json") });
