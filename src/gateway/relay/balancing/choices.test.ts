// In turn, by key, by warmth and by zone: who gets how much, and what moves when one comes or goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asking, type Field, field, ready } from "../../../../test/support/gateway-instances.ts";
import type { BalanceBlock } from "../../../protocol/gateway-balancing.ts";

const byPath: BalanceBlock = { kind: "hash", key: { by: "path" }, load: 1.25 };

function counted(made: Field, times: number, path = (_: number): string => "/"): number[] {
  const counts = new Map(made.upstreams.map(({ instance }) => [instance, 0]));
  for (let i = 0; i < times; i++) {
    const name = made.pick(asking("", path(i)))?.instance ?? "none";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts.values()];
}

test("in turn: each as often as the others, whoever is busy", () => {
  const made = field();
  made.apply(ready(3), { balance: { kind: "round-robin" } });
  made.instance("web/1").enter();
  const order = Array.from({ length: 6 }, () => made.pick()?.instance);
  assert.deepEqual(order, [...order.slice(0, 3), ...order.slice(0, 3)]);
  assert.deepEqual(counted(made, 300), [100, 100, 100]);
});

/** Where each of 1,500 keys is at home. */
function homes(n: number, without?: string): readonly string[] {
  const made = field();
  made.apply(
    ready(n).filter(({ instance }) => instance !== without),
    { balance: byPath },
  );
  return Array.from({ length: 1_500 }, (_, i) => made.pick(asking("", `/k${i}`))?.instance ?? "");
}

test("by key: the shares are even, and one of n that goes takes its own keys with it and no other", () => {
  for (const n of [2, 3, 10]) {
    const before = homes(n);
    const after = homes(n, "web/2");
    const moved = before.filter((home, i) => home !== after[i]);
    assert.ok(
      moved.every((home) => home === "web/2"),
      "who did not live there stays",
    );
    const share = (moved.length / before.length) * n;
    assert.ok(share > 0.8 && share < 1.2, `n = ${n}: ${share} of an even share moved`);
    const homesOf = Map.groupBy(before, (home) => home);
    const most = Math.max(...[...homesOf.values()].map((all) => all.length));
    assert.ok((most / before.length) * n < 1.2, `n = ${n}: one has ${most}`);
  }
});

test("by key: the query does not count, and who says nothing goes where the fewest are", () => {
  const made = field();
  made.apply(ready(5), { balance: byPath });
  const home = (path: string): string | undefined => made.pick(asking("", path))?.instance;
  assert.equal(home("/a?x=1"), home("/a?x=2"));
  made.apply(ready(5), { balance: { kind: "hash", key: { by: "cookie", name: "cart" } } });
  for (const up of made.upstreams.slice(1)) up.enter();
  assert.equal(made.pick()?.instance, "web/1");
  const mine = new Set(Array.from({ length: 9 }, () => made.pick(asking("Cookie: cart=7\r\n"))));
  assert.equal(mine.size, 1);
});

test("by key: one hot key buries nobody", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 20, max: 200 }), (n, times) => {
      const made = field();
      made.apply(ready(n), { balance: byPath });
      for (let i = 0; i < times; i++) made.pick(asking("", "/hot"))?.enter();
      const most = Math.max(...made.upstreams.map(({ inflight }) => inflight));
      assert.ok(most <= Math.max(8, Math.ceil((1.25 * times) / n)), `${most} of ${times} on ${n}`);
    }),
    { seed: 6, numRuns: 15 },
  );
});

test("what has just become ready gets a share that grows with time, whichever way is chosen", async () => {
  const kinds: readonly [BalanceBlock, number][] = [
    [{ kind: "least", slowStartMs: 30_000 }, 0.25],
    [{ ...byPath, slowStartMs: 30_000 }, 0.25],
    // In turn the weights themselves are 1 and 0.5.
    [{ kind: "round-robin", slowStartMs: 30_000 }, 1 / 3],
  ];
  for (const [balance, half] of kinds) {
    const made = field(5);
    made.apply(ready(1), { balance });
    await made.clock.advance(60_000);
    made.apply(ready(2), { balance });
    const share = (): number => (counted(made, 800, (i) => `/${i}`)[1] ?? 0) / 800;
    const first = share();
    assert.ok(first > 0.01 && first < 0.13, `${balance.kind}: ${first} at first`);
    await made.clock.advance(15_000);
    const middle = share();
    assert.ok(Math.abs(middle - half) < 0.04, `${balance.kind}: ${middle} at half time`);
    await made.clock.advance(15_000);
    assert.ok(Math.abs(share() - 0.5) < 0.05, `${balance.kind}: ${share()} in the end`);
  }
});

test("where all are fresh the warmest is the measure, and nobody is left without", async () => {
  for (const kind of ["least", "round-robin"] as const) {
    const made = field(5);
    made.apply(ready(3), { balance: { kind, slowStartMs: 30_000 } });
    for (const count of counted(made, 900)) assert.ok(Math.abs(count - 300) < 60, `${count}`);
  }
  const made = field(5);
  const over = { balance: { kind: "least", slowStartMs: 30_000 } } as const;
  made.apply(ready(1), over);
  await made.clock.advance(7_500);
  made.apply(ready(2), over);
  await made.clock.advance(7_500);
  const share = (counted(made, 800)[1] ?? 0) / 800;
  assert.ok(Math.abs(share - 0.25) < 0.05, `${share}: half as warm as the other`);
});

test("near ones are asked as long as they are enough, and in proportion when they are not", () => {
  const made = field(5);
  const zones = [..."aaaab"].map((zone, i) => ({
    ...{ instance: `web/${i}`, state: "ready" as const, zone },
  }));
  made.apply(zones, { zone: "a" });
  const far = (): number => (counted(made, 500)[4] ?? 0) / 500;
  assert.equal(far(), 0);
  made.instance("web/0").failed(0);
  assert.equal(far(), 0, "three of four carry what four did");
  made.instance("web/1").failed(0);
  made.instance("web/2").failed(0);
  assert.ok(Math.abs(far() - 0.65) < 0.06, `${far()}: one of four carries 1.4 / 4`);
  made.instance("web/3").failed(0);
  assert.equal(far(), 1);
});
