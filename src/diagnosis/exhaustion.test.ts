// What will run out is a cause of its own while nothing else is wrong, and the nearest end comes first.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Symptom, SymptomKind } from "../model/symptom.ts";
import type { Case } from "./case.ts";
import { diagnose } from "./diagnose.ts";
import { exhaustion } from "./exhaustion.ts";

const sign = (target: string, kind: SymptomKind, inMs: number): Symptom => ({
  ...{ key: `${target}:${kind}`, target, kind, sinceMs: 0, raisedAtMs: 0 },
  why: { rule: "forecast", text: `full in ${inMs} ms`, value: inMs, limit: 9_000, unit: "ms" },
});

function caseOf(...own: readonly Symptom[]): Case {
  return {
    ...{ service: "app", nowMs: 1, openedAtMs: 0, settleMs: 0, healthyMs: 0, loopExits: 3 },
    ...{ own, changes: [], proven: {}, instances: [], evidence: [] },
    dependencies: [{ service: "db", ready: 0 }],
  };
}

test("the instance that is full first is the one to look after", () => {
  const own = [sign("app/1", "exhausting", 5_000), sign("app/2", "exhausting", 3_000)];
  const answer = diagnose(caseOf(...own));
  assert.ok(answer?.kind === "diagnosis");
  assert.equal(answer.diagnosis.kind, "exhaustion");
  assert.equal(answer.diagnosis.target, "app/2");
  assert.equal(answer.diagnosis.text, "app/2 will run out: full in 3000 ms");
  assert.equal(answer.diagnosis.because.length, 2);
});

test("what is sick now comes before what will be", () => {
  const own = [sign("app/1", "exhausting", 5_000), sign("app/1", "slow", 0)];
  assert.equal(exhaustion(caseOf(...own)), undefined);
  assert.equal(exhaustion(caseOf()), undefined);
});
