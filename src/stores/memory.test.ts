// The memory store keeps to the contract, with and without ticks to drop.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleTick } from "../testing/sample-events.ts";
import { storeConformance } from "../testing/store-conformance.ts";
import { memoryStore } from "./memory.ts";

storeConformance("memory", async () => ({ store: memoryStore(), cleanup: () => {} }));
storeConformance("memory, three ticks", async () => ({
  store: memoryStore({ maxTicks: 3 }),
  cleanup: () => {},
}));

test("the memory store keeps as many ticks as it was told", () => {
  const store = memoryStore({ maxTicks: 3 });
  for (let n = 1; n <= 10; n++) store.appendTick(sampleTick(n));
  assert.deepEqual(
    [...store.readTicks()].map((tick) => tick.n),
    [8, 9, 10],
  );
});
