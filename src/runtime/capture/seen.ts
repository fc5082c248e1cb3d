// Remembers which errors were already told, without keeping them alive.
import type { Clock } from "../../kernel/clock.ts";

/** Something thrown that is no object has no identity: the same value within this time is the same. */
const sameWithinMs = 1_000;
const most = 100;

export interface Seen {
  /** True the first time only. */
  first(error: unknown): boolean;
}

export function createSeen(clock: Clock): Seen {
  const objects = new WeakSet<object>();
  const values = new Map<unknown, number>();

  const firstOfValue = (value: unknown): boolean => {
    const now = clock.now();
    for (const [old, atMs] of values) {
      if (now - atMs < sameWithinMs && values.size < most) break;
      values.delete(old);
    }
    if (values.has(value)) return false;
    values.set(value, now);
    return true;
  };

  return {
    first: (error) => {
      if ((typeof error !== "object" && typeof error !== "function") || error === null) {
        return firstOfValue(error);
      }
      if (objects.has(error)) return false;
      objects.add(error);
      return true;
    },
  };
}
