// The detector of new kinds of log lines: told once with its reason, over after a calm, and as agreed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, type Reading, reading } from "../model/reading.ts";
import { detectorConformance } from "../testing/detector-conformance.ts";
import { newTemplate } from "./new-template.ts";

const fresh = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => {
    const note = value > 0 ? 'a line its log never had (2 kinds known): "pool <*> is gone"' : "";
    const atMs = fromMs + i * 1_000;
    return reading("web", metrics.logNewTemplates, value, atMs, ...(note === "" ? [] : [note]));
  });

detectorConformance("new-template", () => ({
  detector: newTemplate({ calmMs: 3_000 }),
  ill: fresh(5_000, 0, 0, 2),
  well: fresh(8_000, 0, 0, 0, 0),
}));

test("the reason is the note; another new kind puts off the end, and is no other symptom", () => {
  const detector = newTemplate({ calmMs: 3_000 });
  let state = detector.initial;
  const found = fresh(1_000, 1, 0, 1, 0, 0, 0, 0).map((it) => {
    const [next, finding] = detector.observe(state, it);
    state = next;
    return finding;
  });
  const [first, ...rest] = found;
  assert.ok(first?.sick && first.kind === "unusual");
  assert.match(first.why.text, /"pool <\*> is gone"$/);
  assert.deepEqual(
    rest.map((it) => it?.sick),
    [undefined, undefined, undefined, undefined, false, undefined],
  );
});
