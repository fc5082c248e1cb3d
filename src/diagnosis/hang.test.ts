// Which of several sick instances makes a common cause, and which is one sick instance.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "../model/evidence.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Target } from "../model/target.ts";
import type { Case } from "./case.ts";
import { hang } from "./hang.ts";

const why = {
  rule: "r",
  text: "2 bad probes: no answer",
  value: 2,
  limit: 2,
  unit: "count",
} as const;
const sign = (target: Target, rule: string): Symptom => ({
  ...{ key: `${target}:${rule}`, target, kind: "unresponsive", why },
  ...{ sinceMs: 0, raisedAtMs: 0 },
});
const stack = (target: Target): Evidence & { atMs: number } => ({
  ...{ kind: "blocked-stack", target, summary: "blocked in f", lines: [] },
  ...{ blocked: true, tookMs: 1, atMs: 1 },
});

function diagnosed(own: readonly Symptom[], size: number): string | undefined {
  const of = {
    ...{ service: "app", nowMs: 1, openedAtMs: 0, settleMs: 0, healthyMs: 0, loopExits: 3 },
    ...{ own, changes: [], proven: {}, dependencies: [] },
    instances: Array.from({ length: size }, (_, i) => ({
      ...{ target: `app/${i + 1}`, state: "ready", shortRuns: 0 },
    })),
    evidence: own.map(({ target }) => stack(target)),
  } as Case;
  const answer = hang(of);
  return answer?.kind === "diagnosis" ? answer.diagnosis.kind : answer?.kind;
}

test("two sick instances of three have a common cause, one of three hangs", () => {
  assert.equal(diagnosed([sign("app/1", "probe"), sign("app/2", "probe")], 3), "common-cause");
  assert.equal(diagnosed([sign("app/1", "probe")], 3), "hang");
});

test("one instance with two signs is one sick instance", () => {
  assert.equal(diagnosed([sign("app/1", "startup"), sign("app/1", "probe")], 1), "hang");
  assert.equal(diagnosed([sign("app/1", "startup"), sign("app/1", "probe")], 2), "hang");
});
