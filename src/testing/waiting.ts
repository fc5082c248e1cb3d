// Bounded waits in real time, for tests with real processes and sockets.
import assert from "node:assert/strict";
import { systemClock } from "../kernel/clock.ts";

/** Looks every 10 ms until it holds, at most 10 s. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let look = 0; look < 1_000; look++) {
    if (holds()) return;
    await systemClock.sleep(10);
  }
  assert.fail(`not within 10 s: ${what}`);
}

/** Waits for the promise, at most `ms` milliseconds, and keeps the event loop alive meanwhile. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const limit = systemClock.sleep(ms, over.signal).then(() => assert.fail(`not within ${ms} ms`));
  try {
    return await Promise.race([promise, limit]);
  } finally {
    over.abort();
    await limit.catch(() => {});
  }
}
