// When an instance may be started again: slowly once it was given up, and never in a hurry after a failure.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ActionRecord } from "../model/action.ts";
import type { Incident } from "../model/incident.ts";
import type { RestartPolicy } from "../model/policy.ts";
import { because } from "../model/reason.ts";
import { retryMsOf, turnOf } from "./retry.ts";
import { emptyState, type State } from "./state.ts";

const restart: RestartPolicy = {
  ...{ when: "unexpected", expectedExits: [0], firstMs: 500, factor: 2, maxMs: 30_000 },
  ...{ stableMs: 10_000, giveUp: { exits: 3, withinMs: 60_000 }, loopExits: 3 },
};

function ended(...exits: readonly (readonly [atMs: number, uptimeMs: number])[]): State {
  const marks = exits.map(([atMs, uptimeMs], i) => ({ seq: i + 1, atMs, uptimeMs }));
  return { ...emptyState, exits: { "web/1": marks } };
}

function failing(state: State, ...atMs: readonly number[]): State {
  const actions = atMs.map(
    (at, i): ActionRecord => ({
      ...{ id: `A${i}`, incident: "1", kind: "start", target: "web/1", ladder: 1, rung: 0 },
      ...{ why: because("ladder", "it is gone"), state: "failed", session: 1 },
      ...{ intendedAtMs: at, endedAtMs: at },
    }),
  );
  const incident = { id: "1", service: "web", state: "open", symptoms: [], actions };
  return { ...state, incidents: { "1": incident as unknown as Incident } };
}

describe("the next start of an instance", () => {
  it("comes at once after a stable run, and later and later after short ones", () => {
    const waits = [
      ended([1_000, 60_000]),
      ended([1_000, 10]),
      ended([900, 10], [1_000, 10]),
      ended([900, 10], [1_000, 60_000]),
    ].map((state) => turnOf(state, "web/1", restart, 1_000, false).waitMs);
    assert.deepEqual(waits, [0, 500, 1_000, 0]);
  });

  it("comes slowly when it was given up, also when its ends have grown old", () => {
    const state = ended([1_000, 10], [2_000, 10], [3_000, 10]);
    const { kind, untilMs } = turnOf(state, "web/1", restart, 200_000, true);
    assert.deepEqual({ kind, untilMs }, { kind: "retry", untilMs: 303_000 });
    assert.equal(turnOf(state, "web/1", { ...restart, retryMs: 1_000 }, 9e5, true).untilMs, 4_000);
    const after = ended([1_000, 10], [2_000, 10], [3_000, 10], [200_000, 100_000]);
    assert.equal(turnOf(after, "web/1", restart, 200_000, true).kind, "back-off");
  });

  it("is never in a hurry after a start that failed without a process", () => {
    const state = failing(ended([1_000, 60_000]), 1_001, 1_502);
    const { waitMs, untilMs } = turnOf(state, "web/1", restart, 1_502, false);
    assert.deepEqual({ waitMs, untilMs }, { waitMs: 1_000, untilMs: 2_502 });
  });

  it("is not tried more often than the longest back-off once it was given up", () => {
    assert.equal(retryMsOf(restart), 300_000);
    assert.equal(retryMsOf({ ...restart, maxMs: 900_000 }), 900_000);
  });
});
