// What has just become ready gets less at first, in proportion to how long it has been there.
import type { Instance } from "../instance.ts";

/** Enough to warm up by. Source of the value: Envoy, slow start, min_weight_percent. */
const leastShare = 0.1;

/** From 0.1 to 1; always 1 where there is no slow start. */
export function warmthOf(up: Instance, nowMs: number, slowStartMs: number): number {
  if (slowStartMs <= 0) return 1;
  return Math.min(1, Math.max(leastShare, (nowMs - up.readyAtMs) / slowStartMs));
}

interface Warming {
  readonly nowMs: number;
  readonly slowStartMs: number;
  choose(candidates: readonly Instance[]): Instance | undefined;
  /** In [0, 1): whether this one keeps the request that it was chosen for. */
  draw(up: Instance): number;
}

/**
 * Who would be chosen keeps the request as often as it is warm, measured by the warmest: where all are
 * equally fresh nothing changes, and nobody is ever left without.
 */
export function chooseWarm(
  candidates: readonly Instance[],
  { nowMs, slowStartMs, choose, draw }: Warming,
): Instance | undefined {
  const first = choose(candidates);
  if (slowStartMs <= 0) return first;
  let warmest = 0;
  for (const up of candidates) warmest = Math.max(warmest, warmthOf(up, nowMs, slowStartMs));
  let left = candidates;
  let found = first;
  while (found !== undefined && draw(found) >= warmthOf(found, nowMs, slowStartMs) / warmest) {
    const passed = found;
    left = left.filter((up) => up !== passed);
    found = choose(left);
  }
  return found ?? first;
}
