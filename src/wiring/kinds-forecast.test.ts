// Which things that run out are watched of a service, of the machine and of each of its disks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sense } from "../controller/sense.ts";
import { emptySenses, emptyState, type Senses, type State } from "../controller/state.ts";
import type { DecisionDraft } from "../model/event.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import { seriesName } from "../model/series.ts";
import { hostTarget } from "../model/target.ts";
import { detectorRules } from "./kinds.ts";
import { exhaustionRules } from "./kinds-forecast.ts";

const minuteMs = 60_000;
const names = (limits: Parameters<typeof exhaustionRules>[0]): readonly string[] =>
  exhaustionRules(limits).map((it) => it.name);

test("memory is watched where it has an end, descriptors always, and nothing when nobody wants it", () => {
  assert.deepEqual(names({ forMs: 0, aheadMs: 60_000 }), ["descriptors-forecast"]);
  assert.deepEqual(names({ forMs: 0, aheadMs: 60_000, memoryBytes: 1 }), [
    "descriptors-forecast",
    "memory-forecast",
  ]);
  assert.deepEqual(names({ forMs: 0, memoryBytes: 1 }), []);
});

test("descriptors are held against the limit of the process, which comes as a metric", () => {
  const [rule] = exhaustionRules({ forMs: 0, aheadMs: 240 * minuteMs });
  assert.ok(rule);
  const texts = (most: number): readonly string[] => {
    let state = rule.detector.initial;
    const limit = reading("web/1", metrics.fdsMost, most, 0);
    const leak = Array.from({ length: 40 }, (_, i) =>
      reading("web/1", metrics.fds, 500 + 10 * i, i * 5 * minuteMs),
    );
    return [limit, ...leak].flatMap((it) => {
      const [next, finding] = rule.detector.observe(state, it);
      state = next;
      return finding?.sick ? [finding.why.text] : [];
    });
  };
  assert.match(texts(1_000).join(), /^open descriptors \d+ of 1000, full in 2 h/);
  assert.deepEqual(texts(1_048_576), []);
  assert.equal(rule.beside, metrics.fdsMost.name);
});

/** Ticks of five minutes, one disk of two filling. */
function fill(ticks: number): { senses: Senses; drafts: readonly DecisionDraft[] } {
  let [state, senses]: [State, Senses] = [emptyState, emptySenses];
  const rulesFor = detectorRules();
  const all: DecisionDraft[] = [];
  for (let i = 0; i < ticks; i++) {
    const atMs = i * 5 * minuteMs;
    const of = (mount: string, value: number): Reading => {
      const { name, unit } = metrics.hostDisk;
      return reading(hostTarget, { name: seriesName(name, { mount }), unit }, value, atMs);
    };
    const readings = [of("/", 0.5), of("/data", 0.5 + 0.01 * i)];
    const [next, drafts] = sense(state, senses, readings, atMs, rulesFor);
    senses = next;
    for (const { type, subject, data } of drafts) {
      if (type === "symptom.raised") {
        const symptoms = { ...state.symptoms, [data.key]: data };
        state = { ...state, symptoms };
      }
      assert.equal(subject, hostTarget);
    }
    all.push(...drafts);
  }
  return { senses, drafts: all };
}

test("each disk of the machine is watched apart, and told by its mount", () => {
  const { drafts, senses } = fill(40);
  const [raised, ...others] = drafts;
  assert.ok(raised?.type === "symptom.raised");
  assert.equal(raised.data.key, '@host:disk-forecast{mount="/data"}');
  assert.match(raised.data.why.text, /^disk \/data \d+ % of 98 %, full in 1 h/);
  assert.deepEqual(others, [], "it stands, and is not taken for one that nobody watches");
  assert.deepEqual(Object.keys(senses.detectors), [
    '@host:disk-forecast{mount="/"}',
    '@host:disk-forecast{mount="/data"}',
  ]);
});
