// Hysteresis: what flips to and fro is taken for changed only when it has lasted; pure.
import type { Lasting } from "./feature-options.ts";

export interface Steady {
  /** What it is taken for. */
  readonly good: boolean;
  /** Since when, and in how many looks in a row, it looks otherwise; undefined while it does not. */
  readonly doubt?: { readonly since: number; readonly looks: number };
  readonly lookedAt: number;
}

export const steadyAtFirst: Steady = { good: true, lookedAt: Number.NEGATIVE_INFINITY };

/**
 * A look at `now`. Looks that agree count once in `everyMs`: a feature that is used a thousand times
 * a second has not been looked at a thousand times.
 */
export function looked(
  before: Steady,
  good: boolean,
  now: number,
  rules: { readonly offAfter: Lasting; readonly onAfter: Lasting; readonly everyMs: number },
): Steady {
  if (good === before.good) return { good, lookedAt: now };
  const { doubt } = before;
  const counts = !doubt || now - before.lookedAt >= rules.everyMs;
  const looks = (doubt?.looks ?? 0) + (counts ? 1 : 0);
  const since = doubt?.since ?? now;
  const needed = good ? rules.onAfter : rules.offAfter;
  const lasted = "looks" in needed ? looks >= needed.looks : now - since >= needed.ms;
  if (lasted) return { good, lookedAt: now };
  return { good: before.good, doubt: { since, looks }, lookedAt: counts ? now : before.lookedAt };
}
