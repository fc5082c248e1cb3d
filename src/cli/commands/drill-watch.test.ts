// How a drill is judged by what was seen of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./drill-watch.ts";

const plan = { kind: "kill", goalMs: 10_000, limitMs: 60_000 } as const;
const verdict = (seen: Parameters<typeof judge>[1], nowMs: number): string | undefined =>
  judge(plan, seen, nowMs, 0)?.verdict;

test("it has passed when it was healed within its goal, and then verified", () => {
  assert.equal(verdict({ detectedMs: 5 }, 9_000), undefined);
  assert.equal(verdict({ detectedMs: 5, healedMs: 9_000 }, 30_000), undefined);
  assert.equal(verdict({ detectedMs: 5, healedMs: 9_000, verifiedMs: 30_000 }, 30_000), "passed");
});

test("it has missed when it was not seen, not healed, or not verified in time, each with its reason", () => {
  assert.match(judge(plan, {}, 10_000, 0)?.text ?? "", /no sign of it within 10 s/);
  const held = judge(plan, { detectedMs: 5, stands: "it waits for a person" }, 10_000, 0);
  assert.equal(held?.text, "not healed within 10 s: it waits for a person");
  assert.equal(verdict({ detectedMs: 5, healedMs: 12_000, verifiedMs: 20_000 }, 20_000), "missed");
  assert.equal(verdict({ detectedMs: 5, healedMs: 9_000 }, 55_000), "missed");
});

test("a stop that the config wants is no miss", () => {
  assert.equal(verdict({ detectedMs: 5, rests: true }, 100), "as-configured");
});

test("a cut counts from its end on, and may be noticed by nobody", () => {
  const cut = { ...plan, kind: "network" } as const;
  assert.equal(judge(cut, { detectedMs: 8_000 }, 9_000, undefined), undefined);
  assert.equal(judge(cut, { detectedMs: 8_000 }, 17_000, 8_000), undefined);
  const healed = { detectedMs: 8_000, healedMs: 15_000, verifiedMs: 17_000 };
  assert.equal(judge(cut, healed, 17_000, 8_000)?.verdict, "passed");
  assert.equal(judge(cut, {}, 10_000, 10_000)?.verdict, "unnoticed");
});
