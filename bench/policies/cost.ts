// One process of the bench: CPU time of each loop, ours and the peers', interleaved; prints JSON.
import { type Loop, loops } from "./loops.ts";
import { peerNames, peerOf } from "./peers.ts";
import { singles } from "./singles.ts";

const rounds = 14;
const warm = 4;
const calls = 10_000;

/** Every loop with its calls in a round; a peer's stands under "peer: name". */
const [, , alone] = process.argv;
const ours = alone === undefined ? loops : { bare: singles.bare, [alone]: singles[alone] };
const all: [name: string, loop: Loop, calls: number][] = [];
for (const [name, loop] of Object.entries(ours)) if (loop) all.push([name, loop, calls]);
for (const peer of alone === undefined ? peerNames : []) {
  const its = (await peerOf(peer))?.loops ?? {};
  for (const [name, one] of Object.entries(its))
    all.push([`${peer}: ${name}`, one.loop, one.calls]);
}

const spent = new Map<string, number[]>();
for (let round = 0; round < rounds; round++) {
  for (const [name, loop, n] of all) {
    const before = process.cpuUsage();
    await loop(n);
    const { user, system } = process.cpuUsage(before);
    if (round >= warm) spent.set(name, [...(spent.get(name) ?? []), (user + system) / n]);
    // Timers and the windows that live by them would else starve.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Microseconds a call. */
const median = Object.fromEntries(
  [...spent].map(([name, each]) => [name, each.toSorted((a, b) => a - b)[each.length >> 1] ?? 0]),
);
console.log(JSON.stringify({ median }));
// Timers that a peer holds would keep the process.
process.exit();
