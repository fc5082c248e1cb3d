// What every store of series must keep to, whatever it keeps them in.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import type { SeriesName, SeriesStore, Stretch } from "../stores/series/series-store.ts";
import { seeded } from "./seeded.ts";

/** An empty store that was opened at `startMs`, and how to open it again when it outlives `close`. */
export interface SeriesStoreUnderTest {
  readonly store: SeriesStore;
  readonly reopen?: (nowMs: number) => SeriesStore;
  readonly cleanup: () => void;
}

export type MakeSeriesStore = (given: {
  readonly startMs: number;
  /** So many series and no more. */
  readonly max: number;
}) => SeriesStoreUnderTest;

/** A whole day, so that buckets of all sizes begin with it. */
const startMs = 20_000 * 86_400_000;
const max = 70;

/** Registers the tests with node:test. */
export function seriesStoreConformance(name: string, make: MakeSeriesStore): void {
  describe(`${name} keeps to the contract of a store of series`, () => {
    let made: SeriesStoreUnderTest;
    beforeEach(() => {
      made = make({ startMs, max });
    });
    afterEach(() => {
      made.store.close();
      made.cleanup();
    });
    it("gives each series a number of its own, the same each time", () => numbers(made.store));
    it("takes so many series and no more, and counts what it refuses", () => bounded(made.store));
    it("gives points back as they came", () => givesBack(made.store));
    it("takes points out of order, and the last of one moment", () => ordersPoints(made.store));
    it("leaves gaps as they are", () => leavesGaps(made.store));
    it("takes only numbers, and only of now", () => takesNumbers(made.store));
    it("rolls up to count, min, max, sum and last", () => rollsUp(made.store));
    it("goes on when the clock is turned back", () => goesBack(made.store));
    it("is the same after it was opened again", (t) => outlives(t, made));
  });
}

const seriesNamed = (n: number): SeriesName => ({
  target: `web/${n}`,
  metric: `m{route="/${n % 7}"}`,
  unit: "ms",
});

function idIn(store: SeriesStore, n: number): number {
  const id = store.idOf(seriesNamed(n));
  assert.ok(id !== undefined, `series ${n} has no room`);
  return id;
}

const valuesOf = ({ last }: Stretch): readonly number[] => last;

/** Seconds of a daemon: each has its points and a beat. */
function live(
  store: SeriesStore,
  seconds: number,
  each: (atMs: number, second: number) => void,
  fromMs = startMs,
): void {
  for (let second = 0; second < seconds; second++) {
    const atMs = fromMs + second * 1_000;
    each(atMs, second);
    store.beat(atMs);
  }
}

function numbers(store: SeriesStore): void {
  const names = [1, 2, 3];
  const ids = names.map((n) => idIn(store, n));
  assert.equal(new Set(ids).size, 3);
  assert.deepEqual(
    names.map((n) => store.idOf(seriesNamed(n))),
    ids,
  );
  const found = store.list(({ target }) => target !== "web/2");
  assert.deepEqual(
    found.map(({ id, target }) => [id, target]),
    [
      [ids[0], "web/1"],
      [ids[2], "web/3"],
    ],
  );
}

function bounded(store: SeriesStore): void {
  for (let n = 1; n <= max; n++) idIn(store, n);
  assert.equal(store.idOf(seriesNamed(max + 1)), undefined);
  assert.equal(store.idOf(seriesNamed(max + 1)), undefined);
  assert.ok(store.idOf(seriesNamed(1)), "those that are known go on");
  const { series, seriesMax, losses } = store.stats();
  assert.deepEqual([series, seriesMax, losses.refused], [max, max, 2]);
}

function givesBack(store: SeriesStore): void {
  const random = seeded(5);
  const kinds = [() => 1, () => random(), (i: number) => i, () => Math.round(random() * 100) / 10];
  const seconds = Array.from({ length: 400 }, (_, i) => i);
  const all = kinds.map((kind, n) => ({ id: idIn(store, n), values: seconds.map(kind) }));
  live(store, seconds.length, (atMs, second) => {
    for (const { id, values } of all) store.append(id, atMs, values[second] ?? 0);
  });
  const times = seconds.map((second) => startMs + second * 1_000);
  for (const { id, values } of all) {
    const whole = store.read(id, startMs, startMs + 400_000, "raw");
    assert.deepEqual(whole.at, times);
    assert.deepEqual(valuesOf(whole), values);
    const some = store.read(id, startMs + 100_000, startMs + 103_000, "raw");
    assert.deepEqual(valuesOf(some), values.slice(100, 103));
  }
  assert.deepEqual(store.read(all[0]?.id ?? 0, startMs - 9_000, startMs, "raw").at, []);
  assert.deepEqual(store.read(12_345, startMs, startMs + 9_000, "1m").at, []);
}

function ordersPoints(store: SeriesStore): void {
  const id = idIn(store, 1);
  store.beat(startMs + 20_000);
  for (const second of [5, 1, 9, 3, 9, 7]) store.append(id, startMs + second * 1_000, second);
  store.append(id, startMs + 3_000, 33);
  const { at, last } = store.read(id, startMs, startMs + 20_000, "raw");
  const times = [1, 3, 5, 7, 9].map((second) => startMs + second * 1_000);
  assert.deepEqual(at, times);
  assert.deepEqual(last, [1, 33, 5, 7, 9]);
  const { points, losses } = store.stats();
  assert.deepEqual([points, losses.duplicate], [5, 2]);
}

function leavesGaps(store: SeriesStore): void {
  const id = idIn(store, 1);
  live(store, 1_500, (atMs, second) => {
    if (second < 60 || second >= 1_440) store.append(id, atMs, 4);
  });
  const untilMs = startMs + 1_500_000;
  assert.equal(store.read(id, startMs, untilMs, "raw").at.length, 120);
  const minutes = store.read(id, startMs, untilMs, "1m");
  assert.deepEqual(minutes.at, [startMs, startMs + 1_440_000]);
  assert.deepEqual(minutes.count, [60, 60]);
}

function takesNumbers(store: SeriesStore): void {
  const id = idIn(store, 1);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) store.append(id, startMs, value);
  store.append(id, startMs + 600_000, 1);
  store.append(id, Number.NaN, 1);
  store.append(id, startMs, -0);
  const { losses, points } = store.stats();
  assert.deepEqual([losses.notFinite, losses.early, points], [2, 2, 1]);
  assert.deepEqual(store.read(id, 0, startMs * 2, "raw").last, [-0]);
}

const buckets = [
  ["10s", 10],
  ["1m", 60],
  ["10m", 600],
  ["1h", 3_600],
] as const;

function rollsUp(store: SeriesStore): void {
  const ids = [idIn(store, 1), idIn(store, 69)];
  const random = seeded(9);
  const values = Array.from({ length: 3_000 }, () => Math.round(random() * 1_000) / 8);
  live(store, values.length, (atMs, second) => {
    for (const id of ids) store.append(id, atMs + id, values[second] ?? 0);
  });
  for (const [resolution, seconds] of buckets) {
    const parts = Array.from({ length: Math.ceil(values.length / seconds) }, (_, i) =>
      values.slice(i * seconds, (i + 1) * seconds),
    );
    const times = parts.map((_, i) => startMs + i * seconds * 1_000);
    for (const id of ids) {
      const made = store.read(id, startMs, startMs + 3_000_000, resolution);
      assert.deepEqual(made.at, times);
      for (const [i, part] of parts.entries()) {
        const found = [made.count[i], made.min[i], made.max[i], made.last[i]];
        const real = [part.length, Math.min(...part), Math.max(...part), part.at(-1)];
        assert.deepEqual(found, real, `${resolution} ${i}`);
        const sum = part.reduce((all, it) => all + it, 0);
        assert.ok(Math.abs((made.sum[i] ?? 0) - sum) <= sum * 1e-7, `${made.sum[i]}, not ${sum}`);
      }
    }
  }
}

function goesBack(store: SeriesStore): void {
  const id = idIn(store, 1);
  live(store, 300, (atMs) => store.append(id, atMs, 1));
  const backMs = startMs - 3_600_000;
  live(store, 300, (atMs) => store.append(id, atMs, 2), backMs);
  const before = store.read(id, backMs, backMs + 300_000, "raw");
  // The first comes before anybody has noticed.
  assert.ok(before.at.length >= 299, `${before.at.length} of 300`);
  assert.equal(store.read(id, startMs, startMs + 300_000, "raw").at.length, 300);
}

function outlives(t: TestContext, { store, reopen }: SeriesStoreUnderTest): void {
  if (!reopen) {
    t.skip("this store ends with its process");
    return;
  }
  const names = [1, 2, 69];
  const ids = names.map((n) => idIn(store, n));
  live(store, 1_600, (atMs, second) => {
    for (const id of ids) store.append(id, atMs, second * id);
  });
  const untilMs = startMs + 1_600_000;
  const all = (of: SeriesStore): unknown =>
    ids.map((id) => (["raw", "10s", "1m"] as const).map((it) => of.read(id, startMs, untilMs, it)));
  const before = all(store);
  store.close();
  store.close();
  const again = reopen(untilMs);
  try {
    assert.deepEqual(all(again), before);
    assert.deepEqual(
      names.map((n) => again.idOf(seriesNamed(n))),
      ids,
    );
  } finally {
    again.close();
  }
}
