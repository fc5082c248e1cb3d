// Who is asked next: one that is ready, a spare when none of these works, never one that drains.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asking, type Field, field, ready } from "../../../test/support/gateway-instances.ts";
import type { Route, UpstreamState } from "../../protocol/gateway.ts";
import type { BalanceBlock } from "../../protocol/gateway-balancing.ts";
import type { Instance } from "./instance.ts";

function scene(...states: readonly UpstreamState[]) {
  const made = field();
  made.apply(states.map((state, i) => ({ instance: `web/${i + 1}`, state })));
  const { upstreams } = made;
  const pickMany = (failed: readonly Instance[] = []): string => {
    const once = (): string => made.pick(asking(), undefined, new Set(failed))?.instance ?? "none";
    return [...new Set(Array.from({ length: 30 }, once))].toSorted().join();
  };
  return { upstreams, pickMany };
}

test("a spare gets nothing while one that is ready works, however busy that is", () => {
  const { upstreams, pickMany } = scene("ready", "spare");
  for (let n = 0; n < 50; n++) upstreams[0]?.enter();
  assert.equal(pickMany(), "web/1");
});

test("the one with the fewest requests in flight is taken, by chance among equals", () => {
  const { upstreams, pickMany } = scene("ready", "ready", "ready", "hung");
  assert.equal(pickMany(), "web/1,web/2,web/3");
  upstreams[1]?.enter();
  assert.equal(pickMany(), "web/1,web/3");
  upstreams[0]?.enter();
  assert.equal(pickMany(), "web/3");
});

test("a spare takes over from the moment the last ready one fails, without a word of the daemon", () => {
  const { upstreams, pickMany } = scene("ready", "ready", "spare", "draining", "hung");
  const [first, second, spare] = upstreams;
  assert.ok(first && second && spare);
  first.failed(0);
  assert.equal(pickMany([first]), "web/2");
  second.failed(0);
  assert.equal(pickMany([first, second]), "web/3");
  spare.failed(0);
  assert.equal(pickMany([first, second, spare]), "none");
  assert.equal(pickMany(), "web/1,web/2,web/3", "whoever is asked anew may try all");
  second.worked();
  assert.equal(pickMany(), "web/2", "it is the spare's turn no more");
});

test("what hangs or drains gets nothing new", () => {
  assert.equal(scene("hung", "draining").pickMany(), "none");
});

test("of many, the less busy of two that chance names: none is buried, and no list is made", () => {
  const many = field(7);
  many.apply(ready(40));
  for (let i = 0; i < 4_000; i++) many.pick()?.enter();
  const loads = many.upstreams.map(({ inflight }) => inflight);
  // By chance alone the fullest of 40 would have some 125.
  assert.ok(Math.max(...loads) <= 104, `${Math.max(...loads)} of 100 on average`);
});

const states = ["ready", "ready", "ready", "spare", "draining", "hung"] as const;
const balances: readonly (BalanceBlock | undefined)[] = [
  undefined,
  { kind: "least", slowStartMs: 5_000 },
  { kind: "round-robin", slowStartMs: 5_000 },
  { kind: "hash", key: { by: "path" }, load: 1.25, slowStartMs: 5_000 },
];
const instanceOf = fc.record({
  state: fc.constantFrom(...states),
  release: fc.constantFrom("a", "b"),
  zone: fc.constantFrom("here", "there"),
  ejected: fc.boolean(),
  failed: fc.boolean(),
  inflight: fc.nat(20),
  judged: fc.boolean(),
});
const worldOf = fc.record({
  upstreams: fc.array(instanceOf, { maxLength: 14 }),
  balance: fc.constantFrom(...balances),
  zone: fc.constantFrom(undefined, "here"),
  split: fc.constantFrom(undefined, { a: 9, b: 1 }, { a: 1, b: 0 }),
  release: fc.constantFrom("a", "b"),
});

type World = typeof worldOf extends fc.Arbitrary<infer T> ? T : never;

function build(world: World): { readonly made: Field; readonly failed: Set<Instance> } {
  const made = field(3);
  const over: Partial<Route> = {
    ...(world.balance ? { balance: world.balance } : {}),
    ...(world.zone === undefined ? {} : { zone: world.zone }),
    ...(world.split ? { split: { weights: world.split } } : {}),
  };
  const named = world.upstreams.map(({ state, release, zone }, i) => ({
    ...{ instance: `web/${i}`, state, release, zone },
  }));
  made.apply(named, over);
  const failed = new Set<Instance>();
  for (const [i, { ejected, failed: hasFailed, inflight, judged }] of world.upstreams.entries()) {
    const up = made.instance(`web/${i}`);
    if (ejected) up.failed(0);
    if (judged) up.eject(60_000);
    if (hasFailed) failed.add(up);
    for (let n = 0; n < inflight; n++) up.enter();
  }
  return { made, failed };
}

test("whatever is said and whoever fails: closed ones get nothing, and one that may have it does", () => {
  fc.assert(
    fc.property(worldOf, (world) => {
      const { made, failed } = build(world);
      const { release, split } = world;
      const found = made.pick(asking("", "/x"), release, failed);
      const mayHave = (up: Instance): boolean =>
        up.isOpen &&
        !(failed.has(up) && up.ejection.untilMs > 0) &&
        (split === undefined || up.release === release || split[up.release as "a"] > 0);
      const may = made.upstreams.filter(mayHave);
      assert.equal(found === undefined, may.length === 0);
      if (!found) return;
      assert.ok(mayHave(found), `${found.instance} is ${found.state}`);
      const sound = may.filter((up) => !up.isEjected(0));
      if (sound.length > 0) assert.ok(!found.isEjected(0), "one that is not ejected comes first");
      const own = sound.filter((up) => split !== undefined && up.release === release);
      if (own.length > 0) assert.equal(found.release, release);
      const peers = own.length > 0 ? own : sound;
      if (peers.some(({ state }) => state === "ready")) assert.equal(found.state, "ready");
    }),
    { seed: 6, numRuns: 150 },
  );
});
