// Releases share a route by weight: exactly over time, and whoever sticks to one stays as far as can be.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asking, field, ready } from "../../../../test/support/gateway-instances.ts";
import type { SplitBlock } from "../../../protocol/gateway-balancing.ts";
import { seeded } from "../../../testing/seeded.ts";
import { createStats } from "../../stats.ts";
import { createSplit, takenBy } from "./split.ts";

const names = ["stable", "canary", "next"];
const releases = (block: SplitBlock, keys: readonly string[]): readonly string[] => {
  const split = createSplit(block, seeded(1));
  return keys.map((key) => split.lotOf(asking(`X-User: ${key}\r\n`)).release);
};

test("whatever the weights, no release is ever a request away from its share", () => {
  const weightsOf = fc.tuple(fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 100 }));
  fc.assert(
    fc.property(weightsOf, fc.integer({ min: 1, max: 150 }), (weights, times) => {
      const all = Object.fromEntries(names.map((name, i) => [name, weights[i] ?? 0]));
      const split = createSplit({ weights: all }, seeded(1));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const counts = new Map<string, number>();
      for (let i = 1; i <= times; i++) {
        const { release, line } = split.lotOf(asking());
        assert.equal(line, "");
        counts.set(release, (counts.get(release) ?? 0) + 1);
      }
      for (const [i, name] of names.entries()) {
        const due = (times * (weights[i] ?? 0)) / total;
        const off = Math.abs((counts.get(name) ?? 0) - due);
        assert.ok(off < 2, `${name} is ${off} off after ${times}`);
        if (times === total) assert.equal(off, 0);
      }
    }),
    { seed: 6, numRuns: 60 },
  );
});

const users = Array.from({ length: 1_000 }, (_, i) => `user-${i}`);
const sticky = { by: "header", name: "x-user" } as const;

test("by a field: users are spread by weight, and only those move that a weight takes along", () => {
  const shares = [1, 5, 25, 50, 100].map((canary) => {
    const weights = { stable: 100 - canary, canary };
    return releases({ weights, sticky }, users);
  });
  for (const [i, expected] of [0.01, 0.05, 0.25, 0.5, 1].entries()) {
    const found = (shares[i] ?? []).filter((release) => release === "canary").length / users.length;
    assert.ok(Math.abs(found - expected) < 0.04, `${found} of ${expected}`);
  }
  for (const [i, later] of shares.slice(1).entries()) {
    const back = later.filter(
      (release, user) => release === "stable" && shares[i]?.[user] === "canary",
    );
    assert.deepEqual(back, [], "nobody goes back while the canary grows");
  }
});

test("a third release takes from both, and moves nobody between them", () => {
  const before = releases({ weights: { stable: 50, canary: 50 }, sticky }, users);
  const after = releases({ weights: { stable: 50, canary: 50, next: 50 }, sticky }, users);
  const moved = after.filter((release, i) => release !== before[i]);
  assert.ok(moved.every((release) => release === "next"));
  assert.ok(Math.abs(moved.length / users.length - 1 / 3) < 0.05);
});

test("a cookie says where a client is at home, not which release: it moves with the weights only", () => {
  const block: SplitBlock = {
    weights: { stable: 50, canary: 50 },
    sticky: { by: "cookie", name: "hs-release" },
  };
  const split = createSplit(block, seeded(1));
  const first = split.lotOf(asking());
  const [, value = ""] =
    /^Set-Cookie: hs-release=([0-9a-f]{8}); Path=\/; HttpOnly; SameSite=Lax\r\n$/.exec(
      first.line,
    ) ?? [];
  const again = asking(`Cookie: a=b; hs-release=${value}\r\n`);
  for (let i = 0; i < 5; i++) assert.deepEqual(split.lotOf(again), { ...first, line: "" });
  const secure = { ...asking(), peer: { address: "::1", port: 1, isSecure: true } };
  assert.match(split.lotOf(secure).line, /; SameSite=Lax; Secure\r\n$/);
  const forged = split.lotOf(asking("Cookie: hs-release=canary\r\n"));
  assert.match(forged.line, /^Set-Cookie: hs-release=[0-9a-f]{8};/, "what is not ours is replaced");
  split.apply({ ...block, weights: { stable: 0, canary: 50 } });
  assert.equal(split.lotOf(again).release, "canary");
});

test("a field that names a release wins, also over a weight of 0; another name does not", () => {
  const split = createSplit(
    { weights: { stable: 1, canary: 0 }, override: "x-release" },
    seeded(1),
  );
  assert.equal(split.lotOf(asking("X-Release: canary\r\n")).release, "canary");
  assert.equal(split.lotOf(asking("X-Release: nobody\r\n")).release, "stable");
  assert.equal(split.lotOf(asking("X-Release: constructor\r\n")).release, "stable");
});

test("what a release cannot take goes to another one with a weight, and is counted once", () => {
  const made = field();
  const three = ready(3).map((one, i) => ({ ...one, release: names[i] ?? "" }));
  made.apply(three, { split: { weights: { stable: 1, canary: 1, next: 0 } } });
  assert.equal(made.pick(asking(), "canary")?.instance, "web/2");
  made.instance("web/2").failed(0);
  for (let i = 0; i < 20; i++) assert.equal(made.pick(asking(), "canary")?.instance, "web/1");
  made.apply(
    three.map((one) => ({ ...one, state: one.release === "next" ? "ready" : "draining" })),
    { split: { weights: { stable: 1, canary: 1, next: 0 } } },
  );
  assert.equal(made.pick(asking(), "canary"), undefined, "what has no weight takes nothing over");
  assert.equal(made.pick(asking(), "next")?.instance, "web/3");
  const counters = createStats().route("web");
  const lot = takenBy(made.instance("web/1"), { release: "canary", line: "x" }, counters);
  assert.deepEqual([lot.release, counters.spilled], ["stable", 1]);
  takenBy(made.instance("web/1"), lot, counters);
  assert.equal(counters.spilled, 1);
});
