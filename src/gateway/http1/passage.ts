// One client request from arrival to answer: choose an instance, forward, repeat or wait.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { WaitEnd, WaitingRoom } from "../hold.ts";
import type { RouteCounters } from "../stats.ts";
import type { Answering, Ending, Job } from "./exchange.ts";
import type { Instance } from "./instance.ts";
import type { InstanceConnection } from "./instance-connection.ts";
import type { Limits } from "./limits.ts";
import { pick } from "./pick.ts";
import { degradedReply, type Reply, unserved } from "./replies.ts";
import type { RequestHead } from "./request.ts";
import { RequestBody } from "./request-body.ts";
import type { Sweep } from "./sweep.ts";

/** What serving a request needs of its route; `config` and `upstreams` change under it. */
export interface Serving {
  readonly config: Route;
  readonly upstreams: readonly Instance[];
  readonly room: WaitingRoom;
  readonly counters: RouteCounters;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  /** Deadlines of clients. */
  readonly sweep: Sweep;
  /** Whether connections are to end after their answer. */
  readonly closing: boolean;
}

/** Who asked. */
export interface Client extends Answering {
  reply(reply: Reply): void;
  /** The answer has begun and cannot be completed. */
  cut(): void;
  /** The answer is complete or on its way. */
  done(): void;
  /** The body is wanted. */
  ask(): void;
}

/** Source: RFC 9110 section 9.2.2. */
const idempotent: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"],
]);

/** So much of a body is kept for another instance. */
const keepBytes = 64 * 1024;
/** Tries that may reach a process; a refused connection reached none and is not counted. */
const triesMax = 3;

const nobody: ReadonlySet<Instance> = new Set();

export class Passage implements Job {
  readonly method: string;
  readonly text: string;
  readonly upgrades: boolean;
  readonly body: RequestBody | undefined;
  readonly answer: Client;
  readonly #serving: Serving;
  readonly #repeatable: boolean;
  readonly #holdUntilMs: number;
  /** Instances that failed this request; they may have it again when their ejection is over. */
  #failed: Set<Instance> | undefined;
  /** How often it was forwarded, and how many of these may have reached a process. */
  #forwards = 0;
  #tries = 0;
  #held = false;
  #gone = false;
  #upstream: Instance | undefined;
  #connection: InstanceConnection | undefined;
  #leaveRoom: (() => void) | undefined;

  constructor(serving: Serving, client: Client, head: RequestHead, nowMs: number) {
    this.method = head.method;
    this.text = head.text;
    this.upgrades = head.upgrades;
    this.answer = client;
    this.#serving = serving;
    this.#repeatable = idempotent.has(head.method);
    this.#holdUntilMs = nowMs + serving.config.holdMs;
    const keep = this.#repeatable ? keepBytes : 0;
    this.body = head.framing === "none" ? undefined : new RequestBody(keep, () => client.ask());
    serving.counters.requests++;
  }

  get timeoutMs(): number {
    return this.#serving.config.timeoutMs;
  }

  /** Looks for an instance, now and whenever one may be there. */
  advance(nowMs: number = this.#serving.clock.now()): void {
    if (this.#gone) return;
    const { config, counters } = this.#serving;
    if (config.degraded) {
      counters.degraded++;
      return void this.answer.reply(degradedReply(config.degraded));
    }
    const upstream = pick(this.#serving, this.#failed ?? nobody, nowMs);
    if (upstream) this.#attempt(upstream, nowMs);
    else this.#hold();
  }

  /** The client went away. */
  leave(): void {
    this.#stop("gone", "");
  }

  /** The client's body is not in order; the caller answers. */
  refuse(text: string): void {
    this.#stop("faulty", text);
  }

  /** Whether another instance can have it in place of one that hangs. */
  mayLeave(): boolean {
    const from = this.#upstream;
    if (from === undefined || !this.#canRepeat() || this.#tries + 1 >= triesMax) return false;
    const others = new Set([...(this.#failed ?? nobody), from]);
    const other = pick(this.#serving, others, this.#serving.clock.now());
    return other !== undefined && other !== from;
  }

  ended(ending: Ending): void {
    const upstream = this.#upstream;
    this.#connection = undefined;
    upstream?.leave(ending.tally);
    if (upstream && this.#settle(upstream, ending)) this.advance();
  }

  #stop(kind: "gone" | "faulty", text: string): void {
    this.#gone = true;
    this.#leaveRoom?.();
    this.#connection?.giveUp(kind, text);
  }

  #attempt(upstream: Instance, nowMs: number): void {
    // A server may close an idle connection while a request is on its way there. What could not be
    // repeated after that, and what is repeated already, gets a connection of its own.
    const own = !this.#repeatable || this.upgrades || this.#forwards > 0;
    if (this.#forwards++ > 0) this.#serving.counters.retries++;
    this.#upstream = upstream;
    upstream.enter();
    this.#connection = upstream.carry(this, own, nowMs);
  }

  /** @returns whether the request still needs an answer. */
  #settle(upstream: Instance, { kind, text }: Ending): boolean {
    const { counters, clock, config } = this.#serving;
    const { instance } = upstream;
    switch (kind) {
      case "answered":
        this.answer.done();
        return false;
      case "handedOver":
      case "gone":
      case "faulty":
        return false;
      case "broken":
        this.answer.cut();
        return false;
      case "garbled":
        counters.lostUnsafe++;
        this.answer.reply({ status: 502, error: `${instance} gave no valid answer: ${text}` });
        return false;
      case "late":
        counters.unserved++;
        this.answer.reply({
          ...{ status: 504, error: `${instance} gave no answer within ${config.timeoutMs} ms` },
        });
        return false;
      case "refused":
        upstream.failed(clock.now());
        this.#addFailed(upstream);
        return true;
      case "stale":
      case "died":
      case "left":
        upstream.failed(clock.now());
        if (kind !== "stale") this.#addFailed(upstream);
        return this.#repeat(`${instance} ended the connection: ${text}`);
    }
  }

  #addFailed(upstream: Instance): void {
    this.#failed = (this.#failed ?? new Set()).add(upstream);
  }

  #canRepeat(): boolean {
    return this.#repeatable && (this.body?.repeatable ?? true);
  }

  /** After a connection that died: whether the request may go to another instance. */
  #repeat(text: string): boolean {
    const { counters } = this.#serving;
    this.#tries++;
    if (!this.#canRepeat()) {
      counters.lostUnsafe++;
      const error = `${text}; the request may have been carried out`;
      this.answer.reply({ status: 502, error });
      return false;
    }
    if (this.#tries < triesMax) return true;
    counters.unserved++;
    this.answer.reply(unserved(`${text}; given up after ${triesMax} tries`));
    return false;
  }

  /** Waits for an instance, and looks again. */
  #hold(): void {
    const { counters, room, upstreams } = this.#serving;
    const again = upstreams.filter(({ isOpen }) => isOpen);
    const untilMs = Math.min(this.#holdUntilMs, ...again.map((up) => up.ejection.untilMs));
    if (!this.#held) counters.held++;
    this.#held = true;
    const wait = room.wait(untilMs, (leave) => {
      this.#leaveRoom = leave;
    });
    void wait.then((end) => this.#waited(end));
  }

  #waited(end: WaitEnd): void {
    const { counters, room, clock } = this.#serving;
    this.#leaveRoom = undefined;
    if (end === "gone" || this.#gone) return;
    // Before its time is up, a wait expires because an ejected instance may be tried again.
    const isOver = end === "full" || (end === "expired" && clock.now() >= this.#holdUntilMs);
    if (!isOver) return void this.advance();
    counters.unserved++;
    const why = end === "full" ? `${room.size} requests wait already` : "no instance became ready";
    this.answer.reply(unserved(why));
  }
}
