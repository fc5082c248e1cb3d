// What every store must keep to; a store of your own passes it before it is trusted with a journal.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import type { Event } from "../model/event.ts";
import type { Store } from "../stores/store.ts";
import { sampleEvents, sampleKinds, sampleTick } from "./sample-events.ts";

/** A fresh, empty store, and how to open the same one again when it outlives `close`. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly reopen?: () => Store | Promise<Store>;
  readonly cleanup: () => void | Promise<void>;
}

/**
 * Registers the tests with node:test. The property test needs fast-check and is skipped without.
 * A store may drop old ticks; it must keep at least the newest three of the samples.
 */
export function storeConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps to the store contract`, () => {
    let made: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      made = await make();
      store = made.store;
    });
    afterEach(async () => {
      store.close();
      await made.cleanup();
    });

    it("reads back what was appended", () => keepsEvents(store));
    it("reads after a number", () => readsAfter(store));
    it("refuses a gap and writes nothing", () => refusesGaps(store));
    it("takes all events of a call or none", () => allOrNone(store));
    it("reads what was there when reading began", () => readsWhileAppending(store));
    it("brings ticks back to the last bit", () => keepsTicks(store));
    it("drops only the oldest ticks", () => dropsOldTicks(store));
    it("takes ticks only in order", () => ordersTicks(store));
    it("keeps each version of a file once", () => keepsFiles(store));
    it("closes twice and works no more", () => closes(store));
    it("is the same after it was opened again", async (t) => {
      if (!made.reopen) return t.skip("this store ends with its process");
      store = await reopens(store, made.reopen);
    });
    it("keeps any sequence of appends (property)", (t) => keepsAnySequence(t, make));
  });
}

const broken = (error: unknown): boolean =>
  error instanceof HomeostatError && error.code === "INVARIANT";

function keepsEvents(store: Store): void {
  const events = sampleEvents(1, sampleKinds);
  store.append([]);
  store.append(events.slice(0, 3));
  for (const event of events.slice(3)) store.append([event]);
  assert.deepEqual([...store.read()], events);
}

function readsAfter(store: Store): void {
  const events = sampleEvents(1, 600);
  store.append(events);
  for (const after of [0, 1, 255, 256, 257, 599, 600, 601]) {
    assert.deepEqual([...store.read(after)], events.slice(after), `after ${after}`);
  }
}

function refusesGaps(store: Store): void {
  assert.throws(() => store.append(sampleEvents(2, 1)), broken, "the first is 1");
  store.append(sampleEvents(1, 2));
  for (const seq of [0, 1, 2, 4, 3.5, Number.NaN]) {
    assert.throws(() => store.append(sampleEvents(seq, 1)), broken, `${seq} after 2`);
  }
  store.append(sampleEvents(3, 1));
  assert.deepEqual([...store.read()], sampleEvents(1, 3));
}

function allOrNone(store: Store): void {
  const [first, second, third] = sampleEvents(1, 3) as [Event, Event, Event];
  assert.throws(() => store.append([first, third]), broken);
  assert.throws(() => store.append([first, second, second]), broken);
  assert.throws(() => store.append([first, { ...second, atMs: Number.NaN }]), broken);
  assert.deepEqual([...store.read()], []);
  store.append([first, second, third]);
  assert.deepEqual([...store.read()], [first, second, third]);
}

function readsWhileAppending(store: Store): void {
  store.append(sampleEvents(1, 300));
  let seen = 0;
  for (const event of store.read()) {
    assert.equal(event.seq, ++seen);
    store.append(sampleEvents(300 + seen, 1));
    if (seen % 100 === 0) assert.equal([...store.read(299)].length, seen + 1);
  }
  assert.equal(seen, 300);
  for (const event of store.read()) if (event.seq === 5) break;
  assert.equal([...store.read()].length, 600);
}

function keepsTicks(store: Store): void {
  const ticks = [sampleTick(1), { ...sampleTick(2, 7), readings: [] }, sampleTick(3, 12)];
  assert.equal(store.lastTick(), undefined);
  for (const tick of ticks) {
    store.appendTick(tick);
    assert.deepEqual(store.lastTick(), tick);
  }
  assert.deepEqual([...store.readTicks()], ticks);
  assert.deepEqual([...store.readTicks(2)], ticks.slice(2));
  assert.deepEqual([...store.readTicks(3)], []);
}

function dropsOldTicks(store: Store): void {
  for (let n = 1; n <= 200; n++) store.appendTick(sampleTick(n));
  const kept = [...store.readTicks()].map((tick) => tick.n);
  assert.ok(kept.length >= 3, `${kept.length} ticks were kept`);
  const expected = Array.from(kept, (_, i) => 200 - kept.length + 1 + i);
  assert.deepEqual(kept, expected, "the newest are kept, without a gap");
  assert.deepEqual(
    [...store.readTicks(197)],
    [198, 199, 200].map((n) => sampleTick(n)),
  );
}

function ordersTicks(store: Store): void {
  store.appendTick(sampleTick(5));
  for (const n of [5, 4, 5.5, Number.NaN]) {
    assert.throws(() => store.appendTick(sampleTick(n)), broken, `tick ${n} after 5`);
  }
  store.appendTick(sampleTick(8));
  assert.deepEqual([...store.readTicks()], [sampleTick(5), sampleTick(8)]);
}

function keepsFiles(store: Store): void {
  assert.equal(store.getFile("v1"), undefined);
  store.putFile("v1", "łimit = 3\r\n\u0000");
  store.putFile("v2", "");
  store.putFile("v1", "another content");
  assert.equal(store.getFile("v1"), "łimit = 3\r\n\u0000");
  assert.equal(store.getFile("v2"), "");
}

function closes(store: Store): void {
  store.append(sampleEvents(1, 1));
  store.close();
  store.close();
  assert.throws(() => store.append(sampleEvents(2, 1)), broken);
  assert.throws(() => store.appendTick(sampleTick(1)), broken);
  assert.throws(() => [...store.read()], broken);
}

async function reopens(store: Store, reopen: () => Store | Promise<Store>): Promise<Store> {
  const events = sampleEvents(1, sampleKinds);
  store.append(events);
  store.appendTick(sampleTick(1));
  store.putFile("v1", "kept");
  store.close();
  const again = await reopen();
  assert.deepEqual([...again.read()], events);
  assert.deepEqual([...again.readTicks()], [sampleTick(1)]);
  assert.equal(again.getFile("v1"), "kept");
  assert.throws(() => again.append(sampleEvents(1, 1)), broken);
  again.append(sampleEvents(sampleKinds + 1, 1));
  assert.deepEqual(again.lastTick(), sampleTick(1));
  again.appendTick(sampleTick(2));
  assert.equal([...again.read()].length, sampleKinds + 1);
  assert.deepEqual([...again.readTicks()], [sampleTick(1), sampleTick(2)]);
  return again;
}

async function keepsAnySequence(
  t: TestContext,
  make: () => Promise<StoreUnderTest>,
): Promise<void> {
  // Public tests must not make fast-check a dependency of those who never run them.
  const fc = await import("fast-check").catch(() => undefined);
  if (!fc) return t.skip("fast-check is not installed");
  const draft = fc.record(
    {
      type: fc.constantFrom("operator.paused", "incident.opened", "guard.allowed"),
      subject: fc.string({ unit: "binary" }),
      atMs: fc.double({ noDefaultInfinity: true, noNaN: true }),
      time: fc.string(),
      incident: fc.string(),
      cause: fc.nat(),
      data: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }),
    },
    { requiredKeys: ["type", "subject", "atMs", "time", "data"] },
  );
  const calls = fc.array(fc.array(draft, { maxLength: 4 }), { maxLength: 6 });
  const property = fc.asyncProperty(calls, async (batches) => {
    const made = await make();
    try {
      await keepsBatches(made, batches);
    } finally {
      await made.cleanup();
    }
  });
  await fc.assert(property, { numRuns: 30, seed: 1 });
}

async function keepsBatches(made: StoreUnderTest, batches: readonly object[][]): Promise<void> {
  const all: Event[] = [];
  for (const batch of batches) {
    const from = all.length + 1;
    const events = batch.map((each, i) => ({ ...each, seq: from + i }) as unknown as Event);
    made.store.append(events);
    all.push(...events);
  }
  assert.deepEqual([...made.store.read()], all);
  made.store.close();
  if (!made.reopen) return;
  const again = await made.reopen();
  assert.deepEqual([...again.read()], all);
  again.close();
}
