// Weeks of series in which nothing is wrong: how often the adaptive model alarms all the same.
import { adaptive } from "../../src/detectors/series/adaptive.ts";
import { scoreOf } from "../../src/detectors/series/model.ts";
import { seeded } from "../../src/kernel/random.ts";
import { atMost, type Figure, shown } from "../table.ts";
import { beginMs, healthy as kinds, minuteMs } from "./world.ts";

const day = 1_440;
const days = 32;
/** Alarms within an hour of each other are one. */
const episode = 60;
const firstSeed = 1_000;

/** Each kind of noise, so many seeds, 30 days after two of learning, at the default budget of 1. */
export function healthy(seeds: number): readonly Figure[] {
  const model = adaptive();
  const rows: Figure[] = [];
  let [all, months] = [0, 0];
  for (const [name, make] of Object.entries(kinds)) {
    let alarms = 0;
    for (let seed = 0; seed < seeds; seed++) {
      alarms += alarmsOf(make(seeded(firstSeed + 17 * seed)), 1);
    }
    rows.push(shown(`  ${name}`, alarms / seeds));
    all += alarms;
    months += seeds;
  }
  const text = "false alarms per healthy series and month, budget 1";
  return [
    atMost(`${text}, ${Object.keys(kinds).length} kinds × ${seeds}`, all / months, 1.2),
    ...rows,
    shown("  the same at one point in 5 minutes", paced(5, seeds)),
    shown("  the same at one point in 10 seconds", paced(1 / 6, Math.ceil(seeds / 4))),
  ];

  function alarmsOf(series: ReturnType<(typeof kinds)[string]>, step: number): number {
    const block = new Float64Array(model.size);
    model.begin(block);
    let alarms = 0;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < days * day; i += step) {
      const value = series.usual(i) + series.noise(i);
      if (model.observe(block, beginMs + i * minuteMs, value) < scoreOf(1)) continue;
      if (i - last > episode) alarms++;
      last = i;
    }
    return alarms;
  }

  /** Kinds whose noise is that of a point, not of a minute. */
  function paced(step: number, times: number): number {
    let alarms = 0;
    const some = Object.values(kinds).slice(0, 9);
    for (const make of some) {
      for (let seed = 0; seed < times; seed++) alarms += alarmsOf(make(seeded(77 + seed)), step);
    }
    return alarms / (some.length * times);
  }
}
