// A lease among the processes of one machine, kept in small files.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { createClaims } from "../parts/claims.ts";
import { type ProcessTable, processTable } from "../parts/process-identity.ts";
import type { Lease } from "./lease.ts";

export interface FileLeaseOptions {
  /** Who runs here and since when; default: the system. */
  readonly processes?: ProcessTable;
  /** Only for the time that is written down for people. */
  readonly clock?: Pick<Clock, "wall">;
}

/**
 * `PATH.N` is held with the fencing token N; the highest counts, and one file stays for ever so that
 * the token outlives the machine's restart. Free at once when its holder's process has ended, however
 * that came, and after a restart of the machine; it runs out by the machine's own uptime, so that
 * setting the wall clock changes nothing. Processes in different containers may share it when they
 * share the folder and see the uptime of the host (those of Docker and Kubernetes do): they then wait
 * for it to run out. Not for network file systems.
 */
export function fileLease(path: string, options: FileLeaseOptions = {}): Lease {
  const { processes = processTable(), clock = systemClock } = options;
  const claims = createClaims(
    path,
    ({ by, untilMs }, table) => table.lifeOf(by) !== "gone" && table.uptimeMs() < untilMs,
    processes,
  );
  return {
    name: path,
    acquire: async (holder, ttlMs, signal) => {
      signal.throwIfAborted();
      const since = new Date(clock.wall()).toISOString();
      const taken = claims.take({ holder, forMs: ttlMs, since });
      if ("number" in taken) return { token: taken.number };
      if (!taken.heldBy) return {};
      const { holder: heldBy, untilMs } = taken.heldBy;
      return { heldBy, untilMs: Math.max(0, untilMs - processes.uptimeMs()) };
    },
    renew: async (holder, token, ttlMs, signal) => {
      signal.throwIfAborted();
      return claims.keep(token, holder, ttlMs);
    },
    release: async (holder, token) => claims.give(token, holder),
  };
}
