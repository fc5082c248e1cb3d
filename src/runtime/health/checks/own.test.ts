// The checks of this very process and its disk, with the figures given by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Check, CheckAnswer } from "../../parts/health.ts";
import { diskCheck } from "./disk.ts";
import { type Delays, eventLoopCheck } from "./event-loop.ts";
import { heapCheck } from "./heap.ts";
import { httpCheck } from "./http.ts";

const context = { signal: new AbortController().signal };
const ask = async (check: Check): Promise<string> => told(await check(context));

function told(answer: CheckAnswer): string {
  if (typeof answer === "object") return `${answer.status}: ${answer.reason}`;
  return answer === true ? "healthy" : String(answer);
}

test("disk: bytes and files, by share and by amount", async () => {
  const disk = (bavail: number, ffree: number, more: { minFreeBytes?: number } = {}) =>
    ask(
      diskCheck({
        path: "/data",
        ...more,
        read: async () => ({ bsize: 1_048_576, blocks: 1_000, bavail, files: 100, ffree }),
      }),
    );
  assert.equal(await disk(500, 50), "healthy");
  assert.equal(
    await disk(80, 50),
    "degraded: /data has 8.0 % of its bytes (80 MiB) and 50.0 % of its files free",
  );
  assert.match(await disk(40, 50), /^unhealthy: \/data has 4\.0 %/);
  assert.match(await disk(500, 2), /^unhealthy: .* 2\.0 % of its files/);
  assert.match(await disk(500, 50, { minFreeBytes: 600 * 1_048_576 }), /^unhealthy/);
});

test("disk: a file system that counts no files, and the one beneath this test", async () => {
  const uncounted = { bsize: 1, blocks: 10, bavail: 9, files: 0, ffree: 0 };
  assert.equal(await ask(diskCheck({ path: "/", read: async () => uncounted })), "healthy");
  assert.match(await ask(diskCheck({ path: import.meta.dirname })), /healthy|degraded/);
  await assert.rejects(ask(diskCheck({ path: "/no such folder" })), { code: "ENOENT" });
});

test("heap: by the share of its limit", async () => {
  const heap = (share: number) =>
    ask(
      heapCheck({
        read: () => ({ used_heap_size: share * 1e9, heap_size_limit: 1e9 }),
      }),
    );
  assert.equal(await heap(0.5), "healthy");
  assert.equal(await heap(0.9), "degraded: the heap uses 858 of 954 MiB");
  assert.match(await heap(0.96), /^unhealthy/);
  assert.equal(await ask(heapCheck()), "healthy");
});

test("event loop: by one in a hundred; a single pause only degrades; few samples say nothing", async () => {
  let resets = 0;
  const loop = (count: number, p99Ms: number, maxMs: number) => {
    const delays: Delays = { count, p99Ms, maxMs, reset: () => resets++ };
    return ask(eventLoopCheck({ delays }));
  };
  assert.equal(await loop(500, 5, 80), "healthy");
  assert.match(await loop(500, 150, 300), /^degraded: timers were late by 150 ms/);
  assert.match(await loop(500, 5, 2_000), /^degraded/);
  assert.match(await loop(500, 1_200, 2_000), /^unhealthy/);
  assert.equal(await loop(3, 1_200, 2_000), "healthy");
  assert.equal(resets, 5, "each look counts from the one before");
});

test("what cannot be is refused where it is written", () => {
  for (const make of [
    () => httpCheck("ftp://example.com"),
    () => httpCheck("no url"),
    () => heapCheck({ degradedShare: 85 }),
    () => diskCheck({ path: "/", minFreeShare: 0 }),
    () => eventLoopCheck({ unhealthyMs: -1 }),
  ]) {
    assert.throws(make, { code: "OPTION_INVALID" });
  }
});
