// The series suite itself: a sound model passes it, and each planted fault is caught by its check.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { SeriesModel } from "../detectors/series/model.ts";
import { systemClock } from "../kernel/clock.ts";
import { failing } from "./planted.ts";
import { seriesChecks } from "./series-conformance.ts";

const warm = 200;

/** Eight of its mean distances from a slow mean: [points, mean, distance, score, last time, last value]. */
function sound(): SeriesModel {
  const at = (state: Float64Array, slot: number): number => state[slot] ?? 0;
  return {
    name: "distance",
    size: 6,
    begin: (state) => void state.fill(0),
    standing: (state) => at(state, 3),
    learnt: (state) => Math.min(1, at(state, 0) / warm),
    band(state) {
      if (at(state, 0) < warm) return undefined;
      const [expected, value] = [at(state, 1), at(state, 5)];
      const [low, high] = [expected - 8 * at(state, 2), expected + 8 * at(state, 2)];
      return { expected, low, high, aspect: "value", value, points: 1, overMs: 600_000 };
    },
    observe(state, atMs, value) {
      const n = at(state, 0) + 1;
      if (n > 1 && atMs <= at(state, 4)) return 0;
      const off = n === 1 ? 0 : Math.abs(value - at(state, 1));
      const usual = at(state, 2);
      const score =
        n > warm && usual > 0 ? Math.max(0, 1 - (4 * usual) / Math.max(off, 1e-300)) : 0;
      const kept = score > 0 ? Math.min(off, 8 * usual) : off;
      state[0] = n;
      state[1] = at(state, 1) + Math.sign(value - at(state, 1)) * (kept / Math.min(n, 50));
      state[2] = usual + (kept - usual) / Math.min(n, 500);
      state[3] = score;
      state[4] = atMs;
      state[5] = value;
      return n >= warm ? score : 0;
    },
  };
}

type Change = (inner: SeriesModel) => Partial<SeriesModel>;
const changed = (change: Change) => (): SeriesModel => {
  const inner = sound();
  return { ...inner, ...change(inner) };
};
const observing = (make: (inner: SeriesModel["observe"]) => SeriesModel["observe"]) =>
  changed(({ observe }) => ({ observe: make(observe) }));

const anew = "has a name, and a block of 4 KiB at most that it fills itself";
const shares = "gives scores from 0 to 1, whatever comes";
const learns = "says nothing while it learns, and has learnt in the end";
const finds = "finds what was never seen before";
const alone = "leaves a series alone that does what it always does";
const constants = "leaves a series alone that never changes";
const same = "gives the same scores to the same points";
const shared = "keeps nothing beside its block: series may share it";
const goesOn = "goes on from a copy of its block as if it had never stopped";
const back = "never changes what it said by what comes later";
const late = "drops what comes late or twice";
const inside = "writes in its own block only, and only when a point comes";
const timeless = "reads no clock and throws no dice";

/** As a file of the run before might hold it. */
let runs = 0;

const faults: Readonly<Record<string, readonly [() => SeriesModel, ...caughtBy: string[]]>> = {
  "it takes more than 4 KiB": [changed(() => ({ size: 513 })), anew],
  "it begins with what was in the block": [
    changed(() => ({ begin: (state) => void state.fill(0, 0, 4) })),
    anew,
  ],
  "a score is above 1": [observing((inner) => (s, at, x) => 2 * inner(s, at, x)), shares],
  "a score is no number": [
    observing((inner) => (s, at, x) => (x > 1e99 ? Number.NaN : inner(s, at, x))),
    shares,
  ],
  "it judges before it has learnt": [
    observing((inner) => (s, at, x) => Math.max((s[0] ?? 0) < 20 ? 0.3 : 0, inner(s, at, x))),
    learns,
  ],
  "it never ends learning": [changed(() => ({ learnt: () => 0 })), learns],
  "it never says anything": [observing((inner) => (s, at, x) => 0 * inner(s, at, x)), finds],
  "it alarms at noise": [
    observing(
      (inner) => (s, at, x) =>
        (s[0] ?? 0) % 50 === 49 && s[2] ? Math.max(0.6, inner(s, at, x)) : inner(s, at, x),
    ),
    ...[learns, alone, finds],
  ],
  "it finds fault with what never changes": [
    observing((inner) => (s, at, x) => {
      const score = inner(s, at, x);
      return s[2] === 0 && (s[0] ?? 0) > warm ? 0.9 : score;
    }),
    constants,
  ],
  "it counts beside its block": [
    observing((inner) => {
      let points = 0;
      return (s, at, x) => (points++ % 7 < 3 ? 0.9 : 1) * inner(s, at, x);
    }),
    ...[same, shared, goesOn],
  ],
  "it goes by what another run left behind": [
    changed(({ begin, observe }) => ({
      begin(state) {
        runs++;
        begin(state);
      },
      observe: (s, at, x) => (runs % 2 ? 0.9 : 1) * observe(s, at, x),
    })),
    ...[same, back],
  ],
  "it takes late points in": [
    observing((inner) => (s, at, x) => {
      s[4] = 0;
      return inner(s, at, x);
    }),
    late,
  ],
  "it writes where its block is not": [
    observing((inner) => (s, at, x) => {
      new Float64Array(s.buffer)[0] = s.byteOffset > 0 ? 1 : (s[0] ?? 0);
      return inner(s, at, x);
    }),
    inside,
  ],
  "to ask changes it": [
    changed(({ standing }) => ({
      standing(state) {
        state[1] = (state[1] ?? 0) + 1;
        return standing(state);
      },
    })),
    inside,
  ],
  "it looks at the clock": [
    observing((inner) => (s, at, x) => (systemClock.now() < 0 ? 0 : inner(s, at, x))),
    timeless,
  ],
};

it("a sound model passes", async () => {
  assert.deepEqual(await failing(seriesChecks, () => ({ make: sound })), []);
});

for (const [fault, [make, ...caughtBy]] of Object.entries(faults)) {
  it(`the series suite catches it: ${fault}`, async () => {
    const failed = await failing(seriesChecks, () => ({ make }));
    for (const check of caughtBy) assert.ok(failed.includes(check), `not caught by: ${check}`);
  });
}

it("each check of the series suite has caught a fault", () => {
  const caught = new Set(Object.values(faults).flatMap(([, ...caughtBy]) => caughtBy));
  const idle = seriesChecks.map(([says]) => says).filter((says) => !caught.has(says));
  assert.deepEqual(idle, []);
});
