// One process of the bench: real HTTP calls over a stalled event loop, and how exact timeouts are; prints JSON.
import { compose, timeout } from "../../src/policies/index.ts";
import { ours } from "../../test/peers/ours.ts";
import { type Stalled, served, stalled } from "../../test/peers/stalls.ts";
import { peerNames, peerOf } from "./peers.ts";

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Twelve rounds of five healthy calls and a hung one. */
async function stalls() {
  const rounds: Stalled[] = [];
  await served(async (url, seen) => {
    const guard = ours.timeout(100);
    for (let tries = 0; tries < 60 && rounds.length < 12; tries++) {
      const round = await stalled(guard, url, seen);
      if (round) rounds.push(round);
    }
  });
  return {
    healthy: 5 * rounds.length,
    killed: rounds.reduce((sum, { killed }) => sum + killed, 0),
    hungMs: Math.max(...rounds.map(({ hungMs = Number.POSITIVE_INFINITY }) => hungMs)),
  };
}

const hangs = (): Promise<unknown> => new Promise(() => {});

/** How long each of these takes to give up after 50 ms, all begun together, at any moment of a tick. */
async function accuracy<Name extends string>(
  runs: Readonly<Record<Name, () => Promise<unknown>>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(runs) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i++) {
    for (const name of names) {
      const startedAt = performance.now();
      const ended = (): number => taken[name].push(performance.now() - startedAt);
      all.push(runs[name]().then(ended, ended));
    }
    await wait(1 + (i % 13));
  }
  await Promise.all(all);
  for (const name of names) taken[name].sort((a, b) => a - b);
  return taken;
}

/** The peers after ours: their timers may disturb nothing. */
async function peersAccuracy(): Promise<Readonly<Record<string, number>>> {
  const runs: Record<string, () => Promise<unknown>> = {};
  for (const name of peerNames) {
    const guarded = (await peerOf(name))?.newTimeout(50);
    if (guarded) runs[name] = () => guarded(hangs);
  }
  const taken = await accuracy(runs);
  return Object.fromEntries(peerNames.map((name) => [`${name}: p50Ms`, taken[name]?.[100] ?? 0]));
}

const stall = await stalls();
const guarded = compose(timeout(50));
const { own } = await accuracy({ own: () => guarded.run(hangs) });
const exact = { earliestMs: own[0] ?? 0, p50Ms: own[100] ?? 0, p99Ms: own[197] ?? 0 };
console.log(JSON.stringify({ ...stall, ...exact, ...(await peersAccuracy()) }));
process.exit();
