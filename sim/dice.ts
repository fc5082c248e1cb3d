// Chance in the shapes that a simulated world asks for.
import type { Random } from "../src/kernel/random.ts";
import { seeded } from "../src/testing/seeded.ts";

export interface Dice {
  readonly random: Random;
  /** True with this probability. */
  chance(share: number): boolean;
  /** Evenly between two numbers. */
  between(low: number, high: number): number;
  /** A wait with this mean, as between events that do not know of each other. */
  wait(meanMs: number): number;
  pick<T>(of: readonly T[]): T;
  /** Other dice, whose throws do not depend on how often these are thrown. */
  fork(salt: number): Dice;
}

export function dice(seed: number): Dice {
  const random = seeded(seed);
  const pick = <T>(of: readonly T[]): T => {
    const one = of[Math.floor(random() * of.length)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  };
  return {
    random,
    chance: (share) => random() < share,
    between: (low, high) => low + random() * (high - low),
    wait: (meanMs) => -Math.log(1 - random()) * meanMs,
    pick,
    fork: (salt) => dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b)),
  };
}
