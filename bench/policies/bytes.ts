// One process of the bench: what a call allocates and keeps, ours or the peer's that is named; needs --expose-gc; prints JSON.
import { three, times, work } from "./loops.ts";
import { peerOf } from "./peers.ts";

const peer = await peerOf(process.argv[2]);
const run = peer?.composed ?? ((task: () => Promise<unknown>) => three.run(task));

/** Few enough calls that the new space holds all that a peer allocates for them. */
const n = peer ? 2_000 : 20_000;

/** Bytes that a call allocates, and those it keeps while it runs. */
async function bytes(): Promise<{ perCall: number; inFlight: number }> {
  const gc = globalThis.gc ?? (() => {});
  await times(5 * n, () => run(work));
  gc();
  const before = process.memoryUsage().heapUsed;
  await times(n, () => run(work));
  const perCall = (process.memoryUsage().heapUsed - before) / n;
  gc();
  const ends: (() => void)[] = new Array(n);
  const runs: Promise<unknown>[] = new Array(n);
  gc();
  const idle = process.memoryUsage().heapUsed;
  for (let i = 0; i < n; i++) {
    runs[i] = run(
      () =>
        new Promise<void>((resolve) => {
          ends[i] = resolve;
        }),
    );
  }
  // Some begin with the work only after promises of their own.
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  const inFlight = (process.memoryUsage().heapUsed - idle) / n;
  for (const end of ends) end();
  await Promise.all(runs);
  return { perCall, inFlight };
}

console.log(JSON.stringify(await bytes()));
process.exit();
