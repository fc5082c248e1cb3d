// Replicas that compete for one lease in a bad world: drifting clocks, lost and late answers, stalls.
import type { Clock } from "../../src/kernel/clock.ts";
import { createLeader } from "../../src/runtime/leader/leader.ts";
import type { Lease } from "../../src/runtime/leader/lease.ts";
import { memoryLease } from "../../src/runtime/leader/memory-lease.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { type SimClock, simClock } from "../../src/testing/sim-clock.ts";

export interface Weather {
  readonly seed: number;
  readonly forMs: number;
  /** Each clock, the store's too, is faster or slower by up to this share. */
  readonly drift: number;
  /** The share of questions, and of answers, that are lost. */
  readonly loss: number;
  /** Milliseconds of the longest moment in which a replica does not run. */
  readonly stallMs: number;
  readonly margin?: number;
}

export interface Outcome {
  readonly terms: number;
  /** Work began while the signal of another, which was running, had not aborted. */
  readonly overlaps: number;
  /** The same, while the other stood still: it could not know. */
  readonly stalledOverlaps: number;
  readonly writes: number;
  /** Writes that the fencing token kept out. */
  readonly refused: number;
}

export const ttlMs = 10_000;
const replicas = 3;

interface Replica {
  readonly clock: Clock;
  readonly isStalled: () => boolean;
  readonly isCut: () => boolean;
  readonly awake: () => Promise<void>;
}

/** The same seed gives the same outcome. */
export async function weather(options: Weather): Promise<Outcome> {
  const { seed, forMs, loss, margin } = options;
  const sim = simClock();
  const random = seeded(seed);
  const over = new AbortController();
  const store = memoryLease("store", { clock: drifting(sim, rateOf(options, random)) });
  const live = new Map<Replica, AbortSignal>();
  const seen = { terms: 0, overlaps: 0, stalledOverlaps: 0, writes: 0, refused: 0 };
  let highest = 0;

  const write = (token: number): void => {
    seen.writes += 1;
    if (token < highest) seen.refused += 1;
    else highest = token;
  };
  const workOf = (replica: Replica) => async (signal: AbortSignal, token: number) => {
    seen.terms += 1;
    for (const [other, theirs] of live) {
      if (other === replica || theirs.aborted) continue;
      seen[other.isStalled() ? "stalledOverlaps" : "overlaps"] += 1;
    }
    live.set(replica, signal);
    while (!signal.aborted) {
      // It looked, and then it takes a while: here a stall cannot be noticed.
      await replica.clock.sleep(random() * 20);
      write(token);
      await replica.clock.sleep(500);
    }
  };
  const leaders = Array.from({ length: replicas }, (_, i) => {
    const replica = replicaOf(sim, options, random, over.signal);
    const lease = through(store, sim, replica, loss, random);
    const given = { clock: replica.clock, random, ttlMs, ...(margin !== undefined && { margin }) };
    const leader = createLeader({ ...given, lease, name: "it", holder: `replica ${i}` });
    leader.whenLeader(workOf(replica));
    leader.start();
    return leader;
  });
  const surrenders = async (): Promise<void> => {
    for (;;) {
      await sim.sleep(random() * 40_000, over.signal);
      // Nobody waits for it: its work may stand still.
      void leaders[Math.floor(random() * replicas)]?.surrender(random() * 2_000 + 1);
    }
  };
  surrenders().catch(unlessOver(over.signal));
  await sim.advance(forMs);
  over.abort();
  for (const leader of leaders) void leader.stop();
  await sim.advance(options.stallMs + 2 * ttlMs);
  return seen;
}

const rateOf = ({ drift }: Weather, random: () => number): number => 1 + drift * (2 * random() - 1);

function drifting(sim: SimClock, rate: number, awake = async (): Promise<void> => {}): Clock {
  return {
    now: () => sim.now() * rate,
    wall: sim.wall,
    sleep: async (ms, signal) => {
      await sim.sleep(ms / rate, signal);
      await awake();
    },
  };
}

const unlessOver =
  (over: AbortSignal) =>
  (error: unknown): void => {
    if (!over.aborted) throw error;
  };

/** Stands still now and then, and is cut off from the store now and then. */
function replicaOf(
  sim: SimClock,
  options: Weather,
  random: () => number,
  over: AbortSignal,
): Replica {
  const untilMs = { stall: 0, cut: 0 };
  const awake = async (): Promise<void> => {
    while (sim.now() < untilMs.stall) await sim.sleep(untilMs.stall - sim.now());
  };
  const befalls = async (what: "stall" | "cut", eachMs: number, mostMs: number): Promise<void> => {
    while (mostMs > 0) {
      await sim.sleep(random() * 2 * eachMs, over);
      untilMs[what] = sim.now() + random() * mostMs;
      await sim.sleep(untilMs[what] - sim.now(), over);
    }
  };
  befalls("stall", 8_000, options.stallMs).catch(unlessOver(over));
  befalls("cut", 20_000, 3 * ttlMs).catch(unlessOver(over));
  return {
    clock: drifting(sim, rateOf(options, random), awake),
    awake,
    isStalled: () => sim.now() < untilMs.stall,
    isCut: () => sim.now() < untilMs.cut,
  };
}

/** The way to the store and back. What is lost is an error, or an answer that never comes. */
function through(
  store: Lease,
  sim: SimClock,
  replica: Replica,
  loss: number,
  random: () => number,
): Lease {
  const trip = async (): Promise<void> => {
    const isSlow = random() < 0.1;
    await sim.sleep(random() * (isSlow ? ttlMs : 200));
    if (random() >= loss && !replica.isCut()) return;
    if (random() < 0.5) await new Promise<never>(() => {});
    throw new Error("lost on its way");
  };
  const call = async <Value>(ask: () => Promise<Value>): Promise<Value> => {
    try {
      await trip();
      const value = await ask();
      await trip();
      return value;
    } finally {
      await replica.awake();
    }
  };
  // The replica's signal stays at home: what is on its way arrives.
  const never = new AbortController().signal;
  return {
    name: "store",
    acquire: (holder, ms) => call(() => store.acquire(holder, ms, never)),
    renew: (holder, token, ms) => call(() => store.renew(holder, token, ms, never)),
    release: (holder, token) => call(() => store.release(holder, token)),
  };
}

/** The sums over many seeds. */
export async function weathers(
  seeds: readonly number[],
  options: Omit<Weather, "seed">,
): Promise<Outcome> {
  const sum = { terms: 0, overlaps: 0, stalledOverlaps: 0, writes: 0, refused: 0 };
  for (const seed of seeds) {
    const outcome = await weather({ ...options, seed });
    for (const key of Object.keys(sum) as (keyof Outcome)[]) sum[key] += outcome[key];
  }
  return sum;
}
