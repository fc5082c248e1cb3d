// What a restart is expected to cost, and which rung goes first because of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RestartCost } from "../model/cost.ts";
import type { Rung } from "../model/plan.ts";
import { because } from "../model/reason.ts";
import { cheaperFirst, costText, expectedCost, priced } from "./cost.ts";
import { fold } from "./fold.ts";
import { emptyState, type State } from "./state.ts";

const asked = (lost: number, held: number): RestartCost["requests"] & object => ({
  ...{ lost, held, repeated: 0 },
});

function told(state: State, target: string, data: RestartCost): State {
  const place = { seq: state.seq + 1, atMs: 0, time: "" };
  return fold(state, { ...place, type: "restart.cost", subject: target, data });
}

const rung = (action: Rung["action"], target: string): Rung => ({
  ...{ action, targets: [target] },
  why: because("ladder", "it hangs"),
});

/** dear loses requests, cheap does not; new was never restarted. */
const known = told(
  told(emptyState, "cheap/1", { awayMs: 500, startMs: 400, requests: asked(0, 4) }),
  "dear/1",
  { awayMs: 300, startMs: 200, requests: asked(2, 0) },
);

test("the mean of the latest ten is expected; a first start has no requests and no way down", () => {
  let state = told(emptyState, "web/1", { startMs: 900, cpuMs: 300 });
  const first = expectedCost(state, "web");
  assert.deepEqual(first, {
    ...{ restarts: 0, awayMs: 900, startMs: 900, cpuMs: 300 },
    ...{ lost: 0, held: 0, repeated: 0 },
  });
  assert.equal(
    first && costText(first),
    "900 ms until ready, 0.3 s of CPU (from its starts alone)",
  );
  state = told(state, "web/2", { awayMs: 1_000, startMs: 700, requests: asked(3, 1) });
  state = told(state, "web/1", { awayMs: 2_000, startMs: 800, requests: asked(0, 2) });
  const all = expectedCost(state, "web");
  assert.equal(
    all && costText(all),
    "1.5 s until ready, 1.5 requests lost, 1.5 late, 0.3 s of CPU (mean of 2)",
  );
  for (let i = 0; i < 10; i++) state = told(state, "web/1", { awayMs: 100, startMs: 90 });
  assert.equal(expectedCost(state, "web")?.awayMs, 100);
  assert.equal(expectedCost(state, "db"), undefined);
});

test("a rung that restarts tells its cost in its reason, once it was measured", () => {
  assert.equal(priced(known, rung("restart", "new/1")).why.text, "it hangs");
  assert.equal(priced(known, rung("degrade", "cheap")).why.text, "it hangs");
  const { text, rule } = priced(known, rung("restart", "dear/1")).why;
  assert.equal(rule, "ladder");
  assert.match(text, /^it hangs; a restart of it costs about 300 ms until ready, 2 requests lost/);
});

test("of two rungs of equal promise the cheaper goes first", () => {
  const [dear, cheap] = [rung("restart", "dear/1"), rung("restart", "cheap/1")];
  assert.deepEqual(cheaperFirst(known, "s", [dear, cheap]), [cheap, dear]);
  assert.deepEqual(cheaperFirst(known, "s", [cheap, dear]), [cheap, dear]);
});

test("what was never measured keeps its place, and so does what promises more", () => {
  const [dear, fresh] = [rung("restart", "dear/1"), rung("restart", "new/1")];
  assert.deepEqual(cheaperFirst(known, "s", [fresh, dear]), [fresh, dear]);
  assert.deepEqual(cheaperFirst(known, "s", [dear, fresh]), [dear, fresh]);
  const back = rung("rollback", "dear");
  assert.deepEqual(cheaperFirst(known, "s", [dear, back]), [back, dear], "it takes nothing away");
  const lesson = { tried: 3, verified: 3, notHelped: 0, meanRecoveryMs: 1 };
  const lessons = { "s restart": { signature: "s", action: "restart", ...lesson } };
  assert.deepEqual(cheaperFirst({ ...known, lessons }, "s", [dear, back]), [dear, back]);
});
