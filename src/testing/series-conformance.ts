// What every model of one series must keep to: a deterministic fold of points into one bounded block.
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import type { Band, SeriesModel } from "../detectors/series/model.ts";
import { type Point, shifted, stepMs, usual, wild } from "./series-points.ts";

/** A model that has seen nothing, and how many points, one in ten minutes, it needs to learn. */
export interface SeriesUnderTest {
  readonly make: () => SeriesModel;
  /** Default: two days of them and a bit. */
  readonly points?: number;
}

export type SeriesCheck = readonly [says: string, holds: (given: SeriesUnderTest) => void];

/** Two days and a bit: most have learnt by then. */
const enough = 320;
const largest = 512;

export const seriesChecks: readonly SeriesCheck[] = [
  ["has a name, and a block of 4 KiB at most that it fills itself", beginsAnew],
  ["gives scores from 0 to 1, whatever comes", bearsOddities],
  ["says nothing while it learns, and has learnt in the end", learns],
  ["finds what was never seen before", finds],
  ["leaves a series alone that does what it always does", leavesAlone],
  ["leaves a series alone that never changes", bearsConstants],
  ["gives the same scores to the same points", isDeterministic],
  ["keeps nothing beside its block: series may share it", isShared],
  ["goes on from a copy of its block as if it had never stopped", goesOn],
  ["never changes what it said by what comes later", looksBackOnly],
  ["drops what comes late or twice", dropsLate],
  ["writes in its own block only, and only when a point comes", staysInside],
  ["reads no clock and throws no dice", takesNoTimeOrChance],
];

/** Registers the tests with node:test. */
export function seriesConformance(name: string, given: SeriesUnderTest): void {
  describe(`${name} keeps to the contract of a series model`, () => {
    for (const [says, holds] of seriesChecks) it(says, () => holds(given));
  });
}

function blockOf(model: SeriesModel): Float64Array {
  const block = new Float64Array(model.size);
  model.begin(block);
  return block;
}

/** What it says at each point. */
function feed(
  model: SeriesModel,
  block: Float64Array,
  points: readonly Point[],
): readonly number[] {
  return points.map(([atMs, value]) => model.observe(block, atMs, value));
}

function beginsAnew({ make }: SeriesUnderTest): void {
  const model = make();
  assert.match(model.name, /^\S.*$/);
  assert.ok(Number.isInteger(model.size) && model.size > 0 && model.size <= largest);
  const used = blockOf(model);
  feed(model, used, wild(50));
  used.fill(7e7);
  model.begin(used);
  assert.deepEqual(used, blockOf(model), "what was in the block before is in it still");
}

function bearsOddities({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  for (const points of [wild(400), shifted(count)]) {
    const block = blockOf(model);
    for (const [i, [atMs, value]] of points.entries()) {
      const score = model.observe(block, atMs, value);
      const shares = { score, standing: model.standing(block), learnt: model.learnt(block) };
      const after = (): string => `after point ${i}, ${value}: ${JSON.stringify(shares)}`;
      if (!Object.values(shares).every((it) => it >= 0 && it <= 1)) assert.fail(after());
      // To ask each time would take longer than all else here.
      if (i % 8 === 0 || score > 0) isSoundBand(model.band(block), after);
    }
  }
}

function isSoundBand(band: Band | undefined, after: () => string): void {
  if (!band) return;
  const { expected, low, high, value } = band;
  if ([expected, low, high, value].every(Number.isFinite) && low <= high) return;
  assert.fail(`a band ${low} … ${expected} … ${high} for ${value} ${after()}`);
}

function learns({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const block = blockOf(model);
  assert.equal(model.learnt(block), 0);
  let before = 0;
  for (const [i, [atMs, value]] of usual(count).entries()) {
    // Each third point is far out: a model that knows nothing yet must not judge.
    const score = model.observe(block, atMs, i % 3 === 0 ? value * 50 : value);
    const learnt = model.learnt(block);
    assert.ok(learnt >= before, `it has forgotten: ${before}, then ${learnt}`);
    if (learnt < 1) assert.equal(score, 0, `${score} when ${learnt} was learnt`);
    before = learnt;
  }
  assert.equal(before, 1, "so many points are not enough for it");
}

function finds({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const block = blockOf(model);
  const points = shifted(count);
  feed(model, block, points.slice(0, count));
  const rest = points.slice(count);
  let found: number | undefined;
  for (const [i, [atMs, value]] of rest.entries()) {
    if (model.observe(block, atMs, value) < 0.5) continue;
    assert.ok(model.standing(block) >= 0.5, "it alarms, and says that nothing is unusual");
    assert.ok(model.band(block), "it alarms, and cannot say what was to be expected");
    found ??= i;
  }
  assert.ok(found !== undefined, "twelve hours of 60 deviations more are no news to it");
}

function leavesAlone({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const scores = feed(model, blockOf(model), usual(count));
  const alarms = scores.filter((score) => score >= 0.5).length;
  assert.ok(alarms <= 3, `${alarms} alarms in quiet days`);
}

function bearsConstants({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  for (const value of [0, 42, -1e9]) {
    const block = blockOf(model);
    const points = usual(count).map(([atMs]): Point => [atMs, value]);
    assert.deepEqual(
      feed(model, block, points).filter((score) => score > 0),
      [],
    );
    assert.equal(model.standing(block), 0);
  }
}

function isDeterministic({ make, points: count = enough }: SeriesUnderTest): void {
  const [one, other] = [make(), make()];
  const points = [...shifted(count), ...wild(100)];
  const first = feed(one, blockOf(one), points);
  assert.deepEqual(feed(other, blockOf(other), points), first);
  assert.deepEqual(feed(one, blockOf(one), points), first, "it says otherwise the second time");
}

function isShared({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const points = shifted(count);
  const expected = feed(model, blockOf(model), points);
  const shared = make();
  const [mine, theirs] = [blockOf(shared), blockOf(shared)];
  const others = wild(points.length);
  const found = points.map(([atMs, value], i) => {
    shared.observe(theirs, ...(others[i] ?? [0, 0]));
    return shared.observe(mine, atMs, value);
  });
  assert.deepEqual(found, expected, "what it says of one series depends on another");
}

function goesOn({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const points = shifted(count);
  const expected = feed(model, blockOf(model), points);
  let block = blockOf(model);
  const found = points.map(([atMs, value], i) => {
    // Written down as bytes, as a snapshot is, and read by another model now and then.
    if (i % 50 === 49) block = new Float64Array(Uint8Array.from(bytesOf(block)).buffer);
    return (i % 100 < 50 ? model : make()).observe(block, atMs, value);
  });
  assert.deepEqual(found, expected);
}

function bytesOf(block: Float64Array): Uint8Array {
  return new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
}

function looksBackOnly({ make, points: count = enough }: SeriesUnderTest): void {
  const points = shifted(count);
  const model = make();
  const all = feed(model, blockOf(model), points);
  for (const seen of [count / 2, count, count + 10]) {
    const fresh = make();
    assert.deepEqual(feed(fresh, blockOf(fresh), points.slice(0, seen)), all.slice(0, seen));
  }
}

function dropsLate({ make, points: count = enough }: SeriesUnderTest): void {
  const points = shifted(count);
  const model = make();
  const expected = feed(model, blockOf(model), points);
  const block = blockOf(model);
  const found = points.map(([atMs, value], i) => {
    const score = model.observe(block, atMs, value);
    if (i % 40 !== 39) return score;
    assert.equal(model.observe(block, atMs, 1e6), 0, "a second point of the same time");
    assert.equal(model.observe(block, atMs - 3 * stepMs, 1e6), 0, "a point of half an hour ago");
    return score;
  });
  assert.deepEqual(found, expected, "what came late has changed what it says");
}

function staysInside({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const around = new Float64Array(model.size + 20).fill(5);
  const block = around.subarray(10, 10 + model.size);
  model.begin(block);
  feed(model, block, shifted(count));
  const before = around.slice();
  model.band(block);
  model.standing(block);
  model.learnt(block);
  assert.deepEqual(around, before, "to ask has changed it");
  const outside = [...around.slice(0, 10), ...around.slice(10 + model.size)];
  assert.ok(
    outside.every((it) => it === 5),
    "it writes where its block is not",
  );
}

function takesNoTimeOrChance({ make, points: count = enough }: SeriesUnderTest): void {
  const model = make();
  const refuse = (): never => assert.fail("time comes with the points, and chance not at all");
  const held = [
    mock.method(Date, "now", refuse),
    mock.method(performance, "now", refuse),
    mock.method(Math, "random", refuse),
  ];
  try {
    feed(model, blockOf(model), shifted(count));
  } finally {
    for (const one of held) one.mock.restore();
  }
}
