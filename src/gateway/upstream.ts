// One instance as a route sees it: its connections, what is in flight, and whether it fails.
import { Agent } from "node:http";
import type { Upstream } from "../protocol/gateway.ts";
import { afterFailure, type Ejection, notEjected } from "./balance.ts";
import { addLatency, type InstanceCounters } from "./stats.ts";

/** What one try at an instance adds to its counters. */
export interface Tally {
  readonly failed: boolean;
  readonly broken: boolean;
  /** Milliseconds to the head of the answer, or until the wait for it was given up. */
  readonly waitedMs?: number;
}

export interface LiveUpstream {
  readonly instance: string;
  readonly port: number;
  readonly state: Upstream["state"];
  readonly inflight: number;
  readonly ejection: Ejection;
  /** Keeps connections open between requests. */
  readonly pool: Agent;
  /** Opens a connection for one request. */
  readonly single: Agent;
  enter(): void;
  leave(tally: Tally): void;
  failed(nowMs: number): void;
  worked(): void;
  /** Calls `leave` when those that can are to go elsewhere; the way out takes it back. */
  onAbandon(leave: () => void): () => void;
  abandon(): void;
  moveTo(state: Upstream["state"]): void;
  /** Gone from the config: closes its connections when the last request has ended. */
  retire(): void;
}

/** Shorter than the 5 s after which many servers close an idle connection. */
const idleMs = 4_000;

export function createUpstream(config: Upstream, counters: InstanceCounters): LiveUpstream {
  const pool = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: idleMs });
  const single = new Agent({ keepAlive: true });
  // Closed by us, not by "Connection: close": a server that closes with a body unread resets the
  // connection, and its early answer (413) may be lost.
  single.maxFreeSockets = 0;
  let state = config.state;
  let inflight = 0;
  let ejection = notEjected;
  let retired = false;
  const leaving = new Set<() => void>();

  const closeWhenDone = (): void => {
    if (!retired || inflight > 0) return;
    pool.destroy();
    single.destroy();
  };

  return {
    instance: config.instance,
    port: config.port,
    pool,
    single,
    get state() {
      return state;
    },
    get inflight() {
      return inflight;
    },
    get ejection() {
      return ejection;
    },
    enter() {
      inflight++;
      counters.inflight++;
    },
    leave(tally) {
      inflight--;
      counters.inflight--;
      counters.requests++;
      if (tally.failed) counters.failures++;
      if (tally.broken) counters.broken++;
      if (tally.waitedMs !== undefined) addLatency(counters, tally.waitedMs);
      closeWhenDone();
    },
    failed(nowMs) {
      ejection = afterFailure(ejection, nowMs);
    },
    worked() {
      ejection = notEjected;
    },
    onAbandon(leave) {
      leaving.add(leave);
      return () => leaving.delete(leave);
    },
    abandon() {
      for (const leave of [...leaving]) leave();
    },
    moveTo(next) {
      state = next;
    },
    retire() {
      retired = true;
      closeWhenDone();
    },
  };
}
