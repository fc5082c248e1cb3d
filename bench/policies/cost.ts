// One process of the bench: CPU time of each loop, interleaved, as a ratio; prints JSON.
import { loops } from "./loops.ts";

const rounds = 14;
const warm = 4;
const calls = 10_000;

const spent = new Map<string, number[]>();
for (let round = 0; round < rounds; round++) {
  for (const [name, loop] of Object.entries(loops)) {
    const before = process.cpuUsage();
    await loop(calls);
    const { user, system } = process.cpuUsage(before);
    if (round >= warm) spent.set(name, [...(spent.get(name) ?? []), (user + system) / calls]);
    // Timers and the windows that live by them would else starve.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Microseconds a call. */
const median = Object.fromEntries(
  [...spent].map(([name, all]) => [name, all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0]),
);
console.log(JSON.stringify({ median }));
