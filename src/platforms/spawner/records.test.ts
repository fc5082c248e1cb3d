// What a daemon knows of its spawner's children, in every order in which it can come to know it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessIdentity } from "../../model/instance.ts";
import type { Held, HeldEnd } from "../../protocol/spawner.ts";
import type { Ended } from "../platform.ts";
import { keepRecords, type Records } from "./records.ts";

const identity = (pid: number): ProcessIdentity => ({ pid, startTicks: pid, bootId: "boot" });
const held = (pid: number): Held => ({
  ...{ identity: identity(pid), target: `web/${pid}`, project: "/p", run: `r${pid}` },
});
const end = (pid: number, agoMs = 0): HeldEnd => ({
  ...{ identity: identity(pid), code: pid, signal: null, agoMs },
});
const known = (pid: number): Ended => ({ code: pid, signal: null, known: true });
const unknown: Ended = { code: null, signal: null, known: false };

interface Rig {
  readonly records: Records;
  readonly taken: number[];
  /** Processes that are looked at from here, and how their end is seen. */
  readonly watched: Map<number, () => void>;
}

function rig(): Rig {
  const taken: number[] = [];
  const watched = new Map<number, () => void>();
  const records = keepRecords({
    watch: ({ pid }) => new Promise((resolve) => watched.set(pid, () => resolve(unknown))),
    taken: (identities) => void taken.push(...identities.map(({ pid }) => pid)),
  });
  return { records, taken, watched };
}

test("an own child's end is told, kept for who asks late, and taken when it was written down", async () => {
  const { records, taken, watched } = rig();
  records.started(held(1));
  assert.deepEqual(
    records.found("/p").map(({ target, leader }) => [target, leader]),
    [["web/1", true]],
  );
  assert.deepEqual(records.found("/another"), []);
  const first = records.ended(identity(1));
  records.told(end(1));
  assert.deepEqual(await first, known(1));
  assert.deepEqual(await records.ended(identity(1)), known(1));
  assert.deepEqual([records.found("/p"), taken, watched.size], [[], [], 0]);
  records.acknowledge(identity(1));
  records.acknowledge(identity(1));
  assert.deepEqual(taken, [1]);
});

test("what ended before the daemon came is known at once; what nobody asks for is let go", () => {
  const { records, taken } = rig();
  records.heard([held(3)], [end(1, 40), end(2, 20)]);
  assert.deepEqual(records.endOf(identity(1)), { ...known(1), agoMs: 40 });
  assert.equal(records.endOf(identity(3)), undefined);
  records.acknowledge(identity(1));
  records.settle();
  assert.deepEqual(taken, [1, 2]);
  // A stray that the sweep has ended.
  records.told(end(3));
  assert.deepEqual(taken, [1, 2, 3]);
});

test("a spawner that is gone: its children are looked at from here, and how they end is unknown", async () => {
  const { records, watched } = rig();
  records.started(held(1));
  const first = records.ended(identity(1));
  records.lost();
  assert.deepEqual([[...watched.keys()], records.found("/p")], [[1], []]);
  watched.get(1)?.();
  assert.deepEqual(await first, unknown);
});

test("a spawner that is reached late knows more than who looks from here", async () => {
  const { records, watched } = rig();
  const [one, two] = [records.ended(identity(1)), records.ended(identity(2))];
  records.heard([held(1)], [end(2, 5)]);
  assert.deepEqual(await two, { ...known(2), agoMs: 5 });
  watched.get(1)?.();
  await Promise.resolve();
  records.told(end(1));
  assert.deepEqual(await one, known(1));
});

test("an end that comes with the list, before anybody has asked, is not lost", async () => {
  const { records } = rig();
  records.heard([held(1)], []);
  records.told(end(1));
  assert.deepEqual(await records.ended(identity(1)), known(1));
});
