// Tuning: the recorded past through the detectors again, at several settings.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeriesModel } from "../detectors/series/model.ts";
import type { Limits } from "../model/policy.ts";
import { metrics } from "../model/reading.ts";
import { memorySeries } from "../stores/series/memory-series.ts";
import type { SeriesStore } from "../stores/series/series-store.ts";
import { tuneLimits, tuneModel } from "./tune.ts";
import { limitKinds } from "./tune-kinds.ts";

const startMs = 20_000 * 86_400_000;
const minute = 60_000;
const limits = { forMs: 3_000, p95Ms: 200 } as Limits;

/** A day and more, a point a minute: 100, and 400 for ten minutes three times. */
function recorded(days: number): { readonly store: SeriesStore; readonly nowMs: number } {
  const store = memorySeries({ nowMs: startMs });
  const id = store.idOf({ target: "web", metric: metrics.p95.name, unit: "ms" }) ?? 0;
  const other = store.idOf({ target: "web/1", metric: metrics.p95.name, unit: "ms" }) ?? 0;
  const minutes = days * 1_440;
  for (let i = 0; i < minutes; i++) {
    const atMs = startMs + i * minute;
    store.beat(atMs);
    store.append(id, atMs, i % 500 > 100 && i % 500 <= 110 && i < 1_500 ? 400 : 100);
    store.append(other, atMs, 9_000);
  }
  return { store, nowMs: startMs + minutes * minute };
}

test("a limit alarms as often as its detector would have, and is sick as long", () => {
  const { store, nowMs } = recorded(1.2);
  const [tuned, ...rest] = tuneLimits(store, store.list(), limits, nowMs);
  assert.deepEqual(rest, [], "the p95 of one instance has no limit");
  assert.deepEqual([tuned?.metric, tuned?.series, tuned?.points], ["gateway.p95", 1, 1_728]);
  const current = tuned?.trials.find(({ isCurrent }) => isCurrent);
  // The third reading over the limit makes the symptom; the first under it ends it.
  assert.deepEqual([current?.setting, current?.alarms, current?.sickMs], [200, 3, 3 * 8 * minute]);
  assert.ok(Math.abs((current?.perMonth ?? 0) - 75) < 0.1, `${current?.perMonth}`);
  const settings = tuned?.trials.map(({ setting }) => setting);
  assert.deepEqual(settings, [100, 200, 400, 500, 800]);
  assert.equal(tuned?.line, 'limits: { p95: "400ms" }');
});

test("a past of less than a day suggests nothing", () => {
  const { store, nowMs } = recorded(0.9);
  const [tuned] = tuneLimits(store, store.list(), limits, nowMs);
  assert.ok((tuned?.trials.length ?? 0) > 3);
  assert.equal(tuned?.line, undefined);
});

test("any model can be tried: its alarms are counted by the budgets that they keep to", () => {
  /** As unusual as its value says; it has learnt after a hundred points. */
  const model: SeriesModel = {
    ...{ name: "plain", size: 2 },
    begin: (state) => state.fill(0),
    observe: (state, _, value) => {
      const [seen = 0, before = 0] = state;
      state.set([seen + 1, value > 300 ? 0.6 : 0]);
      return before > 0 ? 0 : (state[1] ?? 0);
    },
    learnt: (state) => Math.min(1, (state[0] ?? 0) / 100),
    band: () => undefined,
    standing: (state) => state[1] ?? 0,
  };
  const { store, nowMs } = recorded(1);
  const found = tuneModel(
    store,
    store.list(({ target }) => target === "web"),
    model,
    nowMs,
    (it) => it,
  );
  const [tuned] = found;
  assert.deepEqual(
    tuned?.trials.map(({ setting, alarms }) => [setting, alarms]),
    [
      [10, 3],
      [1, 3],
      [0.1, 0],
    ],
  );
  assert.equal(tuned?.learnt, 1);
});

test("what is suggested is what a config can say", () => {
  const lines = limitKinds.map((kind) => kind.line(kind.round(123.456)));
  assert.deepEqual(lines, [
    'limits: { p95: "130ms" }',
    "limits: { errors: 1 }",
    'probe: { slowAfter: "130ms" }',
    "limits: { cpu: 130 }",
    "limits: { memoryMiB: 1 }",
  ]);
});
