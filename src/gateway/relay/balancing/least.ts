// The instance with the fewest requests in flight, by chance among equals.
import { below, type Random } from "../../../kernel/random.ts";
import type { Instance } from "../instance.ts";

/** Above so many, two that are taken by chance are compared in place of all. */
export const comparedMax = 8;
/** Draws for one that is able, before all are looked at. */
const drawsMax = 8;

/**
 * Those for which `isAble` is true. Source of the choice among many: M. Mitzenmacher, The Power of Two
 * Choices in Randomized Load Balancing, 2001.
 */
export function fewest(
  upstreams: readonly Instance[],
  random: Random,
  isAble: (up: Instance, nowMs: number) => boolean,
  nowMs: number,
): Instance | undefined {
  if (upstreams.length > comparedMax) {
    const one = drawn(upstreams, random, isAble, nowMs);
    const two = one && drawn(upstreams, random, isAble, nowMs, one);
    if (two) return two.inflight < one.inflight ? two : one;
  }
  let found: Instance | undefined;
  let equals = 1;
  for (const up of upstreams) {
    if (!isAble(up, nowMs)) continue;
    if (found === undefined || up.inflight < found.inflight) {
      found = up;
      equals = 1;
    } else if (up.inflight === found.inflight && below(random, ++equals) === 0) found = up;
  }
  return found;
}

function drawn(
  upstreams: readonly Instance[],
  random: Random,
  isAble: (up: Instance, nowMs: number) => boolean,
  nowMs: number,
  not?: Instance,
): Instance | undefined {
  for (let draws = 0; draws < drawsMax; draws++) {
    const up = upstreams[below(random, upstreams.length)];
    if (up !== undefined && up !== not && isAble(up, nowMs)) return up;
  }
  return undefined;
}

export function anyOf(): boolean {
  return true;
}
