// The rules of order that every store keeps: events without a gap, ticks that only go on.
import { HomeostatError, invariant } from "../kernel/errors.ts";
import type { Event } from "../model/event.ts";
import type { Tick } from "./store.ts";

/**
 * The `seq` after `events` have followed `last`.
 * @throws INVARIANT at the first event that leaves a gap or has no finite loop time.
 */
export function follow(last: number, events: readonly Event[]): number {
  let seq = last;
  for (const event of events) {
    invariant(event.seq === seq + 1, `event ${event.seq} does not follow event ${seq}`);
    invariant(Number.isFinite(event.atMs), `event ${event.seq} has the loop time ${event.atMs}`);
    seq = event.seq;
  }
  return seq;
}

/**
 * Ticks may leave a gap, because those of the last moments before a power loss are not durable.
 * @throws INVARIANT when `tick` is not after tick `last`.
 */
export function followTick(last: number, tick: Tick): number {
  const sound = Number.isSafeInteger(tick.n) && tick.n > last;
  invariant(sound, `tick ${tick.n} does not come after tick ${last}`);
  return tick.n;
}

export function closed(name: string): HomeostatError {
  return new HomeostatError("INVARIANT", `the ${name} store is closed`);
}
