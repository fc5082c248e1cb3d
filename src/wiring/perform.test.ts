// No hand moves before the journal says so, and whatever happens to the hand is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, ActionContext } from "../actions/action.ts";
import { silentLog } from "../kernel/log.ts";
import type { ActionKind, Intent } from "../model/action.ts";
import type { InputDraft } from "../model/event.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { performer } from "./perform.ts";

const intent: Intent = {
  id: "A1",
  incident: "1",
  kind: "restart",
  target: "web/1",
  ladder: 1,
  rung: 0,
  why: { rule: "test", text: "", value: 1, limit: 1, unit: "count" },
};

function perform(
  apply: (ctx: ActionContext) => Promise<void>,
  over: Partial<Intent> = {},
): {
  clock: SimClock;
  journal: InputDraft[];
} {
  const clock = simClock();
  const journal: InputDraft[] = [];
  const waiting: InputDraft[] = [];
  let inStep = true;
  const action: Action = {
    name: "restart",
    traits: { risk: "none", reversible: false, destructive: false },
    apply: (_, ctx) => apply(ctx),
  };
  const actions = { start: action, restart: action } as Record<ActionKind, Action>;
  performer({
    clock,
    log: silentLog,
    actions,
    // As the loop does it: what comes during a step is durable when the step is over.
    emit: (draft) => void (inStep ? waiting : journal).push(draft),
    capture: async () => assert.fail("no evidence was asked for"),
  })({ kind: "act", intent: { ...intent, ...over } });
  inStep = false;
  journal.push(...waiting);
  return { clock, journal };
}

test("the hand moves only when its start is in the journal", async () => {
  let seen: readonly string[] = [];
  const it = perform(async () => {
    seen = it.journal.map(({ type }) => type);
  });
  await it.clock.advance(1);
  assert.deepEqual(seen, ["action.started"]);
  assert.deepEqual(
    it.journal.map(({ type }) => type),
    ["action.started", "action.done"],
  );
});

test("the order to start leaves with its intent, and its start is told before its end", async () => {
  let moved = false;
  const it = perform(
    async () => {
      moved = true;
    },
    { kind: "start" },
  );
  assert.deepEqual([moved, it.journal], [true, []]);
  await it.clock.advance(1);
  assert.deepEqual(
    it.journal.map(({ type }) => type),
    ["action.started", "action.done"],
  );
});

test("an action that throws or never ends has failed, with the steps it made", async () => {
  const thrown = perform(async (ctx) => {
    ctx.step("half of it", 3.4);
    throw new Error("no");
  });
  await thrown.clock.advance(1);
  const failed = thrown.journal.at(-1);
  assert.ok(failed?.type === "action.failed");
  assert.equal(failed.data.error, "no");
  assert.deepEqual(failed.data.receipt.steps, [{ text: "half of it", tookMs: 3 }]);
  const stuck = perform(() => new Promise(() => {}));
  await stuck.clock.advance(119_000);
  assert.equal(stuck.journal.length, 1);
  await stuck.clock.advance(2_000);
  assert.equal(stuck.journal.at(-1)?.type, "action.failed");
  assert.equal(stuck.clock.pending, 0);
});

test("what an app has said of itself is told before anything is captured", async () => {
  const clock = simClock();
  const told: InputDraft[] = [];
  const evidence = { target: "web/1", lines: [], tookMs: 0 };
  performer({
    clock,
    log: silentLog,
    actions: {} as Record<ActionKind, Action>,
    emit: (draft) => void told.push(draft),
    said: () => ({ ...evidence, kind: "app-report", summary: "its app says it is unhealthy" }),
    capture: async (wanted) => ({ ...evidence, ...wanted, summary: `after ${told.length} event` }),
  })({ kind: "capture", incident: "1", wanted: { kind: "blocked-stack", target: "web/1" } });
  await clock.advance(1);
  assert.deepEqual(
    told.map(({ data }) => "summary" in data && data.summary),
    ["its app says it is unhealthy", "after 1 event"],
  );
});
