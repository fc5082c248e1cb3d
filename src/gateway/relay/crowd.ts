// Requests that waited together: when it is worth their while to look again, and that not all go at once.
import type { Serving } from "./serving.ts";

/** How soon somebody who waited looks whether there is room now. */
const roomMs = 50;

/**
 * An instance that has just become ready gets no more at once than it is known to bear: where that is
 * learnt, those who waited go on as the ones before them are answered.
 */
export function isCrowded({ counters, upstreams }: Serving): boolean {
  const { limit } = counters;
  if (limit === undefined) return false;
  return upstreams.reduce((sum, { inflight }) => sum + inflight, 0) >= limit;
}

/** The next moment at which an instance may be there that nobody is told of; Infinity for none. */
export function worthALookAt(serving: Serving, nowMs: number): number {
  if (isCrowded(serving)) return nowMs + roomMs;
  const back = serving.upstreams
    .filter(({ isOpen, ejection }) => isOpen && ejection.untilMs > nowMs)
    .map(({ ejection }) => ejection.untilMs);
  return Math.min(Number.POSITIVE_INFINITY, ...back);
}
