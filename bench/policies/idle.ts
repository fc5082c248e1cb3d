// One process of the bench: what 5,000 breakers cost that nobody calls, ours or a peer's; prints JSON.
import { breaker, compose } from "../../src/policies/index.ts";
import { work } from "./loops.ts";
import { peerOf } from "./peers.ts";

const n = 5_000;
const gc = globalThis.gc ?? (() => {});
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const peer = await peerOf(process.argv[2]);

async function bytesOf(make: () => unknown): Promise<number> {
  const all: unknown[] = new Array(n);
  for (let i = 0; i < 100; i++) make();
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < n; i++) all[i] = make();
  gc();
  return (process.memoryUsage().heapUsed - before) / all.length;
}

const inPipeline = (): (() => Promise<unknown>) => {
  const pipeline = compose(breaker());
  return () => pipeline.run(work);
};
const called = (): (() => Promise<unknown>) => {
  const run = peer?.newBreaker();
  return run ? () => run(work) : inPipeline();
};

/** A peer's breaker can be called as it is; ours stands in a pipeline for that. */
const alone = await bytesOf(() => (peer ? peer.newBreaker() : breaker()));
const pipeline = peer ? alone : await bytesOf(() => compose(breaker()));
const runs = Array.from({ length: n }, called);
for (const run of runs) await run();
await wait(500);
const active = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
const before = process.cpuUsage();
await wait(5_000);
const { user, system } = process.cpuUsage(before);
const idleMs = (user + system) / 1_000;
console.log(JSON.stringify({ alone, inPipeline: pipeline, timers: active, idleMs }));
process.exit();
