// Takes turns by weight, spread as evenly as can be: after as many turns as the weights add up to, each is exact.

export interface Turning {
  /** How far it is behind its share. */
  turn: number;
}

/** Source: smooth weighted round-robin, nginx (commit 52327e0, 2012). */
export function nextTurn<T extends Turning>(
  items: readonly T[],
  weightOf: (item: T) => number,
): T | undefined {
  let total = 0;
  let found: T | undefined;
  for (const item of items) {
    const weight = weightOf(item);
    if (weight <= 0) continue;
    total += weight;
    item.turn += weight;
    if (found === undefined || item.turn > found.turn) found = item;
  }
  if (found) found.turn -= total;
  return found;
}
