// Chance as a parameter: a function that yields numbers in [0, 1).

/** Yields uniformly distributed numbers in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** A whole number in [0, below). */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** Numbers in [0, 1) from a 32-bit seed. Source: mulberry32, Tommy Ettinger, public domain. */
export function seeded(seed: number): Random {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
