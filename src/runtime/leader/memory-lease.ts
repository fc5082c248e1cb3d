// A lease within one process, for tests and for apps that run only once.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import type { Lease } from "./lease.ts";

/** All who are to compete get the same one; it ends with the process. */
export function memoryLease(name = "memory", options: { readonly clock?: Clock } = {}): Lease {
  const { clock = systemClock } = options;
  let held:
    | { readonly holder: string; readonly token: number; readonly untilMs: number }
    | undefined;
  let last = 0;
  const isMine = (holder: string, token: number): boolean =>
    held?.holder === holder && held.token === token && clock.now() < held.untilMs;
  return {
    name,
    acquire: async (holder, ttlMs, signal) => {
      signal.throwIfAborted();
      const leftMs = (held?.untilMs ?? 0) - clock.now();
      if (held && held.holder !== holder && leftMs > 0) {
        return { heldBy: held.holder, untilMs: leftMs };
      }
      last += 1;
      held = { holder, token: last, untilMs: clock.now() + ttlMs };
      return { token: last };
    },
    renew: async (holder, token, ttlMs, signal) => {
      signal.throwIfAborted();
      if (!isMine(holder, token)) return false;
      held = { holder, token, untilMs: clock.now() + ttlMs };
      return true;
    },
    release: async (holder, token) => {
      if (isMine(holder, token)) held = undefined;
    },
  };
}
