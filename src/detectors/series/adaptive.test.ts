// What the adaptive model sees, and what it leaves alone; the sentences and the watch over many series.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Reading, reading } from "../../model/reading.ts";
import { seeded } from "../../testing/seeded.ts";
import { adaptive } from "./adaptive.ts";
import { type Band, type SeriesModel, scoreOf } from "./model.ts";
import { createWatch } from "./watch.ts";
import { sentence } from "./words.ts";

const stepMs = 600_000;
const beginMs = Date.UTC(2026, 0, 5);
const day = 144;

/** Four days, a level of 100 and noise of about 1, from a seed. */
function learned(model: SeriesModel, seed: number): { block: Float64Array; next: () => number } {
  const random = seeded(seed);
  const next = (): number => 100 + (random() + random() + random() - 1.5) * 2;
  const block = new Float64Array(model.size);
  model.begin(block);
  for (let i = 0; i < 4 * day; i++) model.observe(block, beginMs + i * stepMs, next());
  return { block, next };
}

const model = adaptive();
const { block, next } = learned(model, 3);

/** After how many points it alarms when the series goes on like this. */
function found(value: (i: number) => number, points = 60): number | undefined {
  const copy = block.slice();
  for (let i = 0; i < points; i++) {
    const score = model.observe(copy, beginMs + (4 * day + i) * stepMs, value(i));
    if (score >= scoreOf(1)) return i;
  }
  return undefined;
}

test("it sees spikes, shifts, drifts, noise and silence, each soon", () => {
  assert.equal(
    found((i) => next() + (i === 3 ? 40 : 0)),
    3,
  );
  const within = (points: number, value: (i: number) => number): void => {
    const at = found(value);
    assert.ok(at !== undefined && at <= points, `found after ${at} points`);
  };
  within(10, () => next() + 6);
  // A range that took its own mean in at once would climb along with it.
  within(40, () => next() + 2.5);
  within(40, (i) => next() + 0.2 * i);
  within(20, (i) => next() + (i % 2 ? 8 : -8));
  within(60, () => 100);
  assert.equal(found(next), undefined);
});

test("a shift is told on its first day only, and is how things are in the end", () => {
  const copy = block.slice();
  const alarms: number[] = [];
  for (let i = 0; i < 4 * day; i++) {
    const score = model.observe(copy, beginMs + (4 * day + i) * stepMs, next() + 20);
    if (score >= scoreOf(1)) alarms.push(i);
  }
  assert.ok(alarms.length > 0 && (alarms.at(-1) ?? 0) < day, `alarms at ${alarms}`);
  assert.ok(model.standing(copy) < 0.3, "it is unusual still, after four days");
  assert.ok((model.band(copy)?.low ?? 0) > 90);
});

test("a budget ten times as small alarms at less", () => {
  assert.equal(scoreOf(1), 0.5);
  assert.ok(scoreOf(0.1) > 0.9 && scoreOf(10) < 0.1);
});

const band: Band = {
  ...{ expected: 220, low: 180, high: 260, aspect: "value", value: 840 },
  ...{ points: 1, overMs: 10_000 },
};

test("a finding is one sentence with its numbers", () => {
  const said = (over: Partial<Band>, forMs = 0): string =>
    sentence("p99", "ms", { ...band, ...over }, forMs);
  assert.equal(said({}, 240_000), "p99 840 ms; usual for this hour 180–260 ms; for 4 minutes");
  assert.equal(
    said({ aspect: "mean", points: 12, overMs: 120_000, value: 300 }),
    "p99 300 ms on the mean of 12 points (2 minutes); usual 180–260 ms",
  );
  assert.equal(
    said({ aspect: "step", value: -90, low: -40, high: 40.25 }),
    "p99 fell by 90 ms at once; usual steps -40–40.3 ms",
  );
  assert.equal(
    said({ aspect: "movement", value: 0.5, low: 4, high: 9.5, points: 72, overMs: 720_000 }),
    "p99 moves less than usual: 0.5 ms from point to point over 72 points (12 minutes); usual 4–9.5 ms",
  );
});

test("a watch tells what is unusual and when it is over, and goes on from what was kept", () => {
  const wallMs = (atMs: number): number => beginMs + atMs;
  const metric = { name: "gateway.p99", unit: "ms" } as const;
  const watch = createWatch({ model, wallMs, maxSeries: 1, label: () => "p99" });
  watch.restore([
    { target: "web", metric: metric.name, block: block.slice() },
    { target: "old", metric: metric.name, block: new Float64Array(3) },
  ]);
  assert.equal(watch.size, 1);
  assert.equal(watch.learnt("web", metric.name), 1);
  const told: (Reading | undefined)[] = [];
  for (let i = 0; i < 140; i++) {
    const value = i < 20 ? next() + 30 : next();
    told.push(watch.observe(reading("web", metric, value, (4 * day + i) * stepMs)));
  }
  const [first, last] = [told.find((it) => it), told.findLast((it) => it)];
  assert.equal(first?.metric, 'unusual{of="gateway.p99"}');
  assert.match(first?.note ?? "", /^p99 1\d\d ms; usual for this hour 9\d/);
  assert.equal(last?.value, 0);
  assert.equal(watch.observe(reading("web", metric, Number.NaN, 1e9)), undefined);
  assert.equal(watch.observe(reading("shop", metric, 1, 1e9)), undefined);
  assert.equal(watch.refused, 1);
  watch.forget("web");
  assert.equal(watch.size, 0);
});
