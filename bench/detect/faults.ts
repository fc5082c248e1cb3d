// Faults of twelve shapes put into healthy series: the share that the adaptive model finds, and how soon.
import { adaptive } from "../../src/detectors/series/adaptive.ts";
import { type SeriesModel, scoreOf } from "../../src/detectors/series/model.ts";
import { seeded } from "../../src/kernel/random.ts";
import { atLeast, type Figure, shown } from "../table.ts";
import { beginMs, grounds, minuteMs, type Shape, shapes } from "./world.ts";

const day = 1_440;
/** Weeks are learned after two of them. */
const learnedDays = 20;
/** A fault may be told until an hour after its end. */
const grace = 60;
const sizes = [2, 4, 8] as const;
const goal = 0.8;

interface Told {
  found: number;
  tried: number;
  readonly delays: number[];
}

interface Fault {
  readonly shape: Shape;
  readonly size: number;
  readonly onset: number;
  readonly value: number;
  readonly make: (typeof grounds)[string];
  readonly seed: number;
}

const nothing: Shape = { name: "nothing", minutes: 180, value: (usual, noise) => usual + noise };

/** Sizes are in standard deviations of the noise; all shapes go on from copies of the same blocks. */
export function faults(seeds: number): readonly Figure[] {
  const model = adaptive();
  const told = new Map<string, Told>();
  for (const make of Object.values(grounds)) {
    for (let seed = 0; seed < seeds; seed++) {
      const random = seeded(500 + 31 * seed);
      const series = make(random);
      const block = new Float64Array(model.size);
      model.begin(block);
      const onset = Math.floor((learnedDays + 2 * random()) * day);
      let value = 0;
      for (let i = 0; i < onset; i++) {
        value = series.usual(i) + series.noise(i);
        model.observe(block, beginMs + i * minuteMs, value);
      }
      for (const shape of [...shapes, nothing]) {
        for (const size of sizes) {
          note(
            `${shape.name} ${size}`,
            tell(model, block.slice(), { shape, size, onset, value, make, seed }),
          );
        }
      }
    }
  }
  return [...shapes.flatMap(rowsOf), shown("nothing: alarms all the same", shareOf(`nothing 4`))];

  function note(key: string, delay: number | undefined): void {
    const one = told.get(key) ?? { found: 0, tried: 0, delays: [] };
    told.set(key, one);
    one.tried++;
    if (delay === undefined) return;
    one.found++;
    one.delays.push(delay);
  }

  function shareOf(key: string): number {
    const { found, tried } = told.get(key) ?? { found: 0, tried: 1 };
    return found / tried;
  }

  function rowsOf({ name }: Shape): readonly Figure[] {
    const delays = told.get(`${name} 4`)?.delays.toSorted((a, b) => a - b) ?? [];
    return [
      atLeast(`${name}: share found at 4 σ`, shareOf(`${name} 4`), goal),
      shown("  median delay, points", delays[delays.length >> 1] ?? Number.NaN),
      shown("  share found at 2 σ", shareOf(`${name} 2`)),
      shown("  share found at 8 σ", shareOf(`${name} 8`)),
    ];
  }
}

/** After how many points of a fault the model alarms. */
function tell(model: SeriesModel, block: Float64Array, fault: Fault): number | undefined {
  const { shape, size, onset, value: before, make, seed } = fault;
  const series = make(seeded(9_000 + seed));
  for (let i = 0; i < 200; i++) series.noise(i);
  const held = { value: before, random: seeded(70 + seed) };
  for (let since = 0; since < shape.minutes + grace; since++) {
    const i = onset + since;
    const [usual, noise] = [series.usual(i), series.noise(i)];
    const isOn = since < shape.minutes;
    const value = isOn ? shape.value(usual, noise, since, size, held) : usual + noise;
    if (model.observe(block, beginMs + i * minuteMs, value) >= scoreOf(1)) return since;
  }
  return undefined;
}
