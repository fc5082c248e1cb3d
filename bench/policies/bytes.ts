// One process of the bench: what a call allocates and keeps; needs --expose-gc; prints JSON.
import { three, times, work } from "./loops.ts";

/** Bytes that a call allocates, and those it keeps while it runs. */
async function bytes(): Promise<{ perCall: number; inFlight: number }> {
  const gc = globalThis.gc ?? (() => {});
  const n = 20_000;
  await times(5 * n, () => three.run(work));
  gc();
  const before = process.memoryUsage().heapUsed;
  await times(n, () => three.run(work));
  const perCall = (process.memoryUsage().heapUsed - before) / n;
  gc();
  const ends: (() => void)[] = new Array(n);
  const runs: Promise<unknown>[] = new Array(n);
  gc();
  const idle = process.memoryUsage().heapUsed;
  for (let i = 0; i < n; i++) {
    runs[i] = three.run(
      () =>
        new Promise<void>((resolve) => {
          ends[i] = resolve;
        }),
    );
  }
  gc();
  const inFlight = (process.memoryUsage().heapUsed - idle) / n;
  for (const end of ends) end();
  await Promise.all(runs);
  return { perCall, inFlight };
}

console.log(JSON.stringify(await bytes()));
