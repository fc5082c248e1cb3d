// The recent past: each series has its own points, however its readings came, and each second its beat.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptySenses, emptyState } from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import type { Instance } from "../model/instance.ts";
import { metrics, reading } from "../model/reading.ts";
import { beatsKept, createHistory } from "./history.ts";

const { rss, cpu, probe, probeLatency } = metrics;

test("figures that come together and answers that come when they come keep their own times", () => {
  const history = createHistory();
  for (let second = 0; second < 3; second++) {
    const atMs = second * 1_000;
    const first = reading("web/1", rss, 5 + second, atMs);
    const other = reading("web/2", rss, 9, atMs);
    // Without a look before it there is no share of CPU.
    const later = second > 0 ? [reading("web/1", cpu, 0.5, atMs)] : [];
    history.note([first, ...later, other]);
    const answer = [reading("web/1", probe, second === 1 ? 0 : 1, atMs + 400)];
    const latency = reading("web/1", probeLatency, 12, atMs + 400);
    history.note(second === 1 ? answer : [...answer, latency]);
  }
  const points = (target: string, metric: { readonly name: string }): unknown => {
    const { at, values } = history.series(target, metric.name, 0, 0);
    return at.map((second, i) => [second, values[i]]);
  };
  assert.deepEqual(points("web/1", rss), [
    [0, 5],
    [1, 6],
    [2, 7],
  ]);
  assert.deepEqual(points("web/1", cpu), [
    [1, 0.5],
    [2, 0.5],
  ]);
  assert.deepEqual(points("web/1", probeLatency), [
    [0.4, 12],
    [2.4, 12],
  ]);
  assert.deepEqual(points("web/2", rss), [
    [0, 9],
    [1, 9],
    [2, 9],
  ]);
  assert.deepEqual(points("web/2", cpu), []);
  assert.equal(history.series("web/1", rss.name, 0, 0).unit, rss.unit);
});

test("a beat a second, the oldest first, of every instance that the config asks for", () => {
  const history = createHistory();
  const service = { name: "web", replicas: 2 };
  const policy = {
    project: "shop",
    services: { web: service },
  } as unknown as Mind["state"]["policy"];
  const at = (state: Instance["state"]): Mind => {
    const instance: Instance = { target: "web/1", state, startedAtMs: 0, sinceMs: 0 };
    return {
      state: { ...emptyState, policy, instances: { "web/1": instance } },
      senses: emptySenses,
    };
  };
  history.beat(at("starting"), 1_000);
  for (let i = 0; i < beatsKept - 2; i++) history.beat(at("ready"), 2_000 + i);
  history.beat(at("stopping"), 99_000);
  const beats = history.beats("web/1");
  assert.equal(beats.length, beatsKept);
  assert.deepEqual([beats[0], beats[1], beats.at(-2), beats.at(-1)], ["busy", "ok", "ok", "busy"]);
  history.beat(at("ready"), 100_000);
  assert.deepEqual(history.beats("web/1").slice(0, 1), ["ok"]);
  assert.deepEqual(new Set(history.beats("web/2")), new Set(["none"]));
  assert.equal(history.beatAtMs, 100_000);
});
