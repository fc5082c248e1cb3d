// One process of the bench: CPU time of 20,000 calls at once against 10,000, or of as many bare promises; prints JSON.
import { three } from "./loops.ts";

const bare = process.argv[2] === "bare";

async function concurrent(n: number): Promise<void> {
  const gate = Promise.withResolvers<void>();
  const { signal } = new AbortController();
  const runs: Promise<unknown>[] = [];
  for (let i = 0; i < n; i++)
    runs.push(bare ? gate.promise.then() : three.run(() => gate.promise, { signal }));
  gate.resolve();
  await Promise.all(runs);
}

async function spent(n: number, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await concurrent(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

// Sums, as collections fall into some rounds and not into others; both sides make as many calls.
let small = 0;
let large = 0;
for (let round = 0; round < 25; round++) {
  const [one, two] = [await spent(10_000, 4), await spent(20_000, 2)];
  if (round >= 5) {
    small += one;
    large += two;
  }
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(JSON.stringify({ ratio: large / small }));
