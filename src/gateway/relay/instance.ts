// One instance as a route sees it: its connections, what is in flight, and whether it fails.
import type { Clock } from "../../kernel/clock.ts";
import type { Upstream } from "../../protocol/gateway.ts";
import { addLatency, addStatus, type InstanceCounters } from "../stats.ts";
import { afterFailure, type Candidate, type Ejection, notEjected } from "./balance.ts";
import type { Job, Tally } from "./exchange.ts";
import type { Carrier, Home, OpenCarrier } from "./home.ts";
import type { Limits } from "./limits.ts";
import type { Sweep } from "./sweep.ts";

export interface InstanceParts {
  readonly counters: InstanceCounters;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly sweep: Sweep;
  readonly open: OpenCarrier;
}

/** A connection that was opened for one request is kept for others only where there are few. */
const ownMax = 8;

export class Instance implements Candidate, Home {
  readonly instance: string;
  readonly port: number;
  state: Upstream["state"];
  inflight = 0;
  ejection: Ejection = notEjected;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly sweep: Sweep;
  readonly #counters: InstanceCounters;
  readonly #openCarrier: OpenCarrier;
  /** The one that was used last is taken first, so that those there are too many of grow old. */
  readonly #free: Carrier[] = [];
  readonly #all: Set<Carrier> = new Set();
  #retired = false;

  constructor(config: Upstream, parts: InstanceParts) {
    this.instance = config.instance;
    this.port = config.port;
    this.state = config.state;
    this.clock = parts.clock;
    this.limits = parts.limits;
    this.sweep = parts.sweep;
    this.#counters = parts.counters;
    this.#openCarrier = parts.open;
  }

  /** Whether it may be given requests at all. */
  get isOpen(): boolean {
    return this.state === "ready" || this.state === "spare";
  }

  /** `own`: opens a connection for this request in place of an idle one. */
  carry(job: Job, own: boolean, nowMs: number): Carrier {
    const connection = (own ? undefined : this.#takeFree()) ?? this.#open(own);
    connection.carry(job, nowMs);
    return connection;
  }

  enter(): void {
    this.inflight++;
    this.#counters.inflight++;
  }

  leave({ status, failed, broken, waitedMs }: Tally): void {
    this.inflight--;
    this.#counters.inflight--;
    this.#counters.requests++;
    if (failed) this.#counters.failures++;
    if (status > 0) addStatus(this.#counters, status);
    if (broken) this.#counters.broken++;
    if (waitedMs !== undefined) addLatency(this.#counters, waitedMs);
  }

  failed(nowMs: number): void {
    this.ejection = afterFailure(this.ejection, nowMs);
  }

  worked(): void {
    this.ejection = notEjected;
  }

  /** Those that can are to go elsewhere. */
  abandon(): void {
    for (const connection of [...this.#all]) connection.abandon();
  }

  /** Gone from the config: closes its connections, each when its last request has ended. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#free.splice(0)) connection.close();
  }

  idle(connection: Carrier): void {
    const most = connection.isOwn ? ownMax : this.limits.idleConnections;
    if (this.#retired || this.#free.length >= most) connection.close();
    else this.#free.push(connection);
  }

  closed(connection: Carrier): void {
    if (!this.#all.delete(connection)) return;
    this.#counters.connections--;
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
  }

  #open(own: boolean): Carrier {
    const connection = this.#openCarrier(this, own);
    this.#all.add(connection);
    this.#counters.connections++;
    return connection;
  }

  #takeFree(): Carrier | undefined {
    for (;;) {
      const connection = this.#free.pop();
      if (connection === undefined || connection.isFree) return connection;
    }
  }
}
