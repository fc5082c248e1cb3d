// One process of the bench: what 5,000 breakers cost that nobody calls; prints JSON.
import { breaker, compose } from "../../src/policies/index.ts";

const n = 5_000;
const gc = globalThis.gc ?? (() => {});
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function bytesOf(make: () => unknown): Promise<number> {
  const all: unknown[] = new Array(n);
  for (let i = 0; i < 100; i++) make();
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < n; i++) all[i] = make();
  gc();
  return (process.memoryUsage().heapUsed - before) / all.length;
}

const alone = await bytesOf(() => breaker());
const inPipeline = await bytesOf(() => compose(breaker()));
const pipelines = Array.from({ length: n }, () => compose(breaker()));
for (const one of pipelines) await one.run(() => 1);
await wait(500);
const active = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
const before = process.cpuUsage();
await wait(5_000);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ alone, inPipeline, timers: active, idleMs: (user + system) / 1_000 }));
