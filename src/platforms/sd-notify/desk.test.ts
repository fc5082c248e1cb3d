// What is kept of what instances say: the latest of each kind, of the run that is on.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Notes } from "../../protocol/sd-notify.ts";
import { createDesk, type Desk } from "./desk.ts";

const none: Notes = { mainPid: false, bad: 0 };
const of = "web/1";

function desk(): { readonly it: Desk; readonly odd: string[]; readonly at: (ms: number) => void } {
  let nowMs = 0;
  const odd: string[] = [];
  const it = createDesk({
    now: () => nowMs,
    onOdd: (target, what) => odd.push(`${what} ${target}`),
  });
  const at = (ms: number): void => {
    nowMs = ms;
  };
  return { it, odd, at };
}

test("ages become moments, and what a new receiver has not heard stays", () => {
  const { it, at } = desk();
  at(1_000);
  it.hear(of, "r1", { ...none, readyMs: 200, phase: { word: "ready", agoMs: 200 }, status: "up" });
  at(2_000);
  it.hear(of, "", { ...none, watchdogMs: 10, extend: { agoMs: 100, byMs: 5_000 } });
  assert.deepEqual(it.told(of), {
    ...{ run: "r1", phase: "ready", readyAtMs: 800, status: "up" },
    ...{ watchdogAtMs: 1_990, extendedUntilMs: 6_900 },
  });
});

test("a new run begins with nothing, and late words of the one before are dropped", () => {
  const { it } = desk();
  it.hear(of, "r1", { ...none, readyMs: 0 });
  it.begin(of, "r2");
  it.hear(of, "r1", { ...none, readyMs: 0 });
  assert.deepEqual(it.told(of), { run: "r2" });
});

test("who watches is called for words, not for signs of life", () => {
  const { it } = desk();
  let calls = 0;
  const leave = it.watch(of, () => {
    calls += 1;
  });
  it.hear(of, "r1", { ...none, watchdogMs: 0 });
  it.hear(of, "r1", { ...none, watchdogMs: 0, phase: { word: "ready", agoMs: 0 } });
  it.hear(of, "r1", { ...none, watchdogMs: 0, phase: { word: "ready", agoMs: 50 } });
  it.hear(of, "r1", { ...none, triggerMs: 0 });
  assert.equal(calls, 3);
  leave();
  it.hear(of, "r1", { ...none, phase: { word: "stopping", agoMs: 0 } });
  assert.equal(calls, 3);
});

test("what is odd is told once in a run", () => {
  const { it, odd } = desk();
  for (const run of ["r1", "r1", "r2"]) {
    it.begin(of, run);
    it.hear(of, run, { ...none, mainPid: true, bad: 3 });
  }
  assert.deepEqual(odd, ["mainpid web/1", "bad web/1", "mainpid web/1", "bad web/1"]);
});
