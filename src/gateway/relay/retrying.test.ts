// Repeats stay under their budget, and what is not repeated is told why and counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asking } from "../../../test/support/gateway-instances.ts";
import type { RetryBlock } from "../../protocol/gateway-balancing.ts";
import { createStats } from "../stats.ts";
import type { Asked } from "./asked.ts";
import { addInterrupted } from "./interrupted.ts";
import { RetryBudget } from "./retry-budget.ts";
import { Retrying, retryDefaults } from "./retrying.ts";

const stepOf = fc.oneof(
  fc.record({ requests: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ repeats: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ waitMs: fc.integer({ min: 1, max: 9_000 }) }),
);

test("in no 10 s are more repeats made than their requests pay for", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.nat(5),
      fc.array(stepOf, { maxLength: 60 }),
      (ratio, minPerSecond, steps) => {
        let now = 0;
        const budget = new RetryBudget(ratio, minPerSecond, now);
        const requests: number[] = [];
        const repeats: number[] = [];
        const recent = (all: readonly number[], ms: number): number =>
          all.filter((at) => now - at < ms).length;
        for (const step of steps) {
          if ("waitMs" in step) now += step.waitMs;
          else if ("requests" in step) {
            for (let i = 0; i < step.requests; i++) budget.deposit(now);
            requests.push(...new Array<number>(step.requests).fill(now));
          } else {
            for (let i = 0; i < step.repeats; i++) if (budget.withdraw(now)) repeats.push(now);
          }
          // Seconds are counted whole: nine are certain to count, and no more than ten do.
          const most = ratio * recent(requests, 10_000) + 10 * minPerSecond + 1e-6;
          if (repeats.at(-1) === now) assert.ok(recent(repeats, 9_000) <= most);
          const least = ratio * recent(requests, 9_000) + 10 * minPerSecond;
          assert.ok(budget.left(now) >= Math.floor(least) - recent(repeats, 10_000));
        }
        assert.ok(repeats.length <= ratio * requests.length + minPerSecond * (now / 1_000 + 11));
      },
    ),
    { seed: 6, numRuns: 60 },
  );
});

function scene(over: Partial<RetryBlock> = {}) {
  const counters = createStats().route("web");
  const retrying = new Retrying(counters, 0);
  const base = { service: "web", host: "a", port: 1, upstreams: [], holdMs: 0, timeoutMs: 0 };
  retrying.apply({ ...base, retry: { ...retryDefaults, ...over } });
  const method = (name: string, fields = ""): Asked => {
    const asked = asking(fields);
    return { ...asked, head: { ...asked.head, method: name } };
  };
  const deny = (over: Partial<Parameters<Retrying["deny"]>[0]> = {}): string | undefined =>
    retrying.deny({ kind: "died", text: "web/1 died", tries: 1, canRepeat: true, ...over }, 0)
      ?.error;
  return { counters, retrying, method, deny };
}

test("what may be repeated: by method, and by what the app and the request say", () => {
  const usual = scene();
  assert.equal(usual.retrying.arrived(usual.method("GET"), 0), true);
  assert.equal(usual.retrying.arrived(usual.method("POST", "Idempotency-Key: 7\r\n"), 0), false);
  const told = scene({ methods: ["PATCH"], idempotencyKey: true });
  assert.equal(told.retrying.arrived(told.method("PATCH"), 0), true);
  assert.equal(told.retrying.arrived(told.method("POST"), 0), false);
  assert.equal(told.retrying.arrived(told.method("POST", "Idempotency-Key: 7\r\n"), 0), true);
});

test("what is not repeated says why, and the race for an idle connection costs nothing", () => {
  const { counters, deny, retrying } = scene({ budget: 0, minPerSecond: 0.2, on: ["reset"] });
  assert.equal(deny(), undefined);
  assert.equal(deny(), undefined);
  assert.match(deny() ?? "", /^web\/1 died; too many requests are repeated already$/);
  assert.equal(deny({ kind: "stale" }), undefined);
  assert.match(deny({ tries: 3 }) ?? "", /given up after 3 tries$/);
  assert.match(deny({ canRepeat: false }) ?? "", /may have been carried out$/);
  assert.match(deny({ kind: "left" }) ?? "", /not to be repeated$/);
  const { unserved, lostUnsafe, overBudget } = counters;
  assert.deepEqual(
    { unserved, lostUnsafe, overBudget },
    { unserved: 3, lostUnsafe: 1, overBudget: 1 },
  );
  assert.equal(retrying.mayLeave(0, 0), false);
});

test("who waits for an instance that hangs leaves it only when there is a repeat left for that", () => {
  const { retrying, deny } = scene({ budget: 0, minPerSecond: 0.1 });
  assert.equal(retrying.mayLeave(0, 0), true);
  assert.equal(retrying.mayLeave(2, 0), false);
  deny({ kind: "left" });
  assert.equal(retrying.mayLeave(0, 0), false);
});

test("methods that clients invent are counted as one", () => {
  const counters = createStats().route("web");
  for (let i = 0; i < 100; i++) addInterrupted(counters, `M${i}`, "waiting", "lost");
  addInterrupted(counters, "POST", "sending", "lost");
  assert.deepEqual(counters.interrupted, { "OTHER waiting lost": 100, "POST sending lost": 1 });
});
