// One instance as a route sees it: its connections, what is in flight, and whether it fails.
import type { Clock } from "../../kernel/clock.ts";
import type { Upstream } from "../../protocol/gateway.ts";
import { addLatency, addStatus, type InstanceCounters } from "../stats.ts";
import { hashOf } from "./balancing/rendezvous.ts";
import { afterFailure, type Ejection, notEjected } from "./ejection.ts";
import type { Ending, Job, Tally } from "./exchange.ts";
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

/** Hears how each try ended, and may leave the instance out. */
export interface Judge {
  heard(up: Instance, ending: Ending): void;
}

export class Instance implements Home {
  readonly instance: string;
  readonly port: number;
  readonly path: string | undefined;
  /** Of its name, so that it is the same after a restart. */
  readonly place: number;
  state: Upstream["state"];
  release: string | undefined;
  zone: string | undefined;
  readyAtMs: number;
  inflight = 0;
  /** How far it is behind its turn. */
  turn = 0;
  /** After connections that failed; the first answer ends it. */
  ejection: Ejection = notEjected;
  /** Until when it is taken last, for whatever reason. */
  ejectedUntilMs: number = Number.NEGATIVE_INFINITY;
  judge: Judge | undefined;
  #judgedUntilMs: number = Number.NEGATIVE_INFINITY;
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
    this.path = config.path;
    this.place = hashOf(config.instance);
    this.state = config.state;
    this.release = config.release;
    this.zone = config.zone;
    this.clock = parts.clock;
    this.readyAtMs = parts.clock.now();
    this.limits = parts.limits;
    this.sweep = parts.sweep;
    this.#counters = parts.counters;
    this.#openCarrier = parts.open;
  }

  /** Whether it may be given requests at all. */
  get isOpen(): boolean {
    return this.state === "ready" || this.state === "spare";
  }

  isEjected(nowMs: number): boolean {
    return nowMs < this.ejectedUntilMs;
  }

  /** Takes the new state of the same process. */
  update({ state, release, zone }: Upstream): void {
    if (state === "ready" && this.state !== "ready") this.readyAtMs = this.clock.now();
    this.state = state;
    this.release = release;
    this.zone = zone;
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

  /** Its connections fail: that is a fact, and no question of how many others are left out. */
  failed(nowMs: number): void {
    const before = this.ejection;
    this.ejection = afterFailure(before, nowMs);
    if (this.ejection === before) return;
    this.#counters.ejections++;
    this.ejectedUntilMs = Math.max(this.ejection.untilMs, this.#judgedUntilMs);
  }

  /** How a request of a client ended here. */
  heard(ending: Ending): void {
    this.judge?.heard(this, ending);
  }

  worked(): void {
    if (this.ejection === notEjected) return;
    this.ejection = notEjected;
    this.ejectedUntilMs = this.#judgedUntilMs;
  }

  /** It answers, but badly. */
  eject(untilMs: number): void {
    this.#counters.ejections++;
    this.#judgedUntilMs = untilMs;
    this.ejectedUntilMs = Math.max(this.ejection.untilMs, untilMs);
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
