// Chance as a parameter: a function that yields numbers in [0, 1).

/** Yields uniformly distributed numbers in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** A whole number in [0, below). */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
