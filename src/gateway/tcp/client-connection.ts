// A client of a route of plain TCP: its bytes go to one instance, unread, for as long as both talk.
import { connect, type Socket } from "node:net";
import { proxyHeader } from "../front/proxy-header.ts";
import type { Asked } from "../relay/asked.ts";
import type { Connected, Desk } from "../relay/desk.ts";
import { type Tally, untold } from "../relay/exchange.ts";
import { addressOf } from "../relay/home.ts";
import type { Instance } from "../relay/instance.ts";
import type { RequestHead } from "../relay/messages.ts";
import { type Peer, plainAddress, reset } from "../relay/peer.ts";
import { pick } from "../relay/pick.ts";
import { type Guest, Stay } from "../relay/stay.ts";
import { join } from "../relay/tunnel.ts";

/** There is no request to look at: what is chosen by one is chosen by the client's address. */
const nothing: RequestHead = {
  ...{ method: "", minor: 1, keepAlive: true, framing: "none", length: 0 },
  ...{ expects: false, upgrades: false, id: "", text: "" },
};

export class TcpConnection implements Connected, Guest {
  readonly #socket: Socket;
  readonly #asked: Asked;
  readonly #desk: Desk;
  readonly #holdUntilMs: number;
  readonly #failed: Set<Instance> = new Set();
  #instance: Socket | undefined;
  #stay: Stay | undefined;
  #isJoined = false;
  #isOver = false;

  constructor(socket: Socket, peer: Peer, desk: Desk) {
    this.#socket = socket;
    this.#asked = { head: nothing, peer };
    this.#desk = desk;
    this.#holdUntilMs = desk.clock.now() + desk.config.holdMs;
    desk.clients.add(this);
    desk.counters.requests++;
    socket.pause();
    socket.on("error", () => this.cut()).on("close", () => this.#closed());
    this.again();
  }

  /** Nothing in its bytes can ask a client to leave: it has until it is cut. */
  retire(): void {
    if (!this.#isJoined) this.cut();
  }

  cut(): void {
    this.#socket.destroy();
    this.#instance?.destroy();
  }

  #closed(): void {
    this.#isOver = true;
    this.#desk.clients.delete(this);
    this.#stay?.leave();
    // Joined ones end each other, and what was said last still arrives.
    if (!this.#isJoined) this.#instance?.destroy();
  }

  unserved(): void {
    reset(this.#socket);
  }

  again(): void {
    const { config, counters, clock } = this.#desk;
    if (this.#isOver) return;
    if (config.degraded) {
      counters.degraded++;
      reset(this.#socket);
      return;
    }
    const upstream = pick(this.#desk, this.#asked, this.#failed, clock.now());
    if (upstream) {
      this.#connect(upstream);
      return;
    }
    this.#stay ??= new Stay(this.#desk, this.#holdUntilMs, this);
    this.#stay.wait();
  }

  #connect(upstream: Instance): void {
    const { clock, deadlines, limits } = this.#desk;
    const instance = connect({ ...addressOf(upstream), noDelay: true, allowHalfOpen: true });
    this.#instance = instance;
    upstream.enter();
    const late = deadlines.add(clock.now() + limits.connectMs, () => {
      instance.destroy(new Error("no connection in time"));
    });
    let reached = false;
    let broken = false;
    instance.on("connect", () => {
      late.cancel();
      reached = true;
      upstream.worked();
      if (!this.#isOver) this.#join(instance);
    });
    instance.on("error", () => {
      broken = true;
    });
    instance.on("close", () => {
      late.cancel();
      upstream.leave({ ...untold, broken } satisfies Tally);
      if (!reached && !this.#isOver) this.#next(upstream);
    });
  }

  /** Nothing was said to it yet, so any other one will do. */
  #next(upstream: Instance): void {
    upstream.failed(this.#desk.clock.now());
    this.#failed.add(upstream);
    this.#desk.counters.retries++;
    this.again();
  }

  #join(instance: Socket): void {
    const { config, sweep, limits } = this.#desk;
    this.#isJoined = true;
    if (config.sendProxy) {
      const { localAddress, localPort = 0 } = this.#socket;
      const to = { address: plainAddress(localAddress), port: localPort };
      instance.write(proxyHeader(config.sendProxy, this.#asked.peer, to));
    }
    const listen = (take: (bytes: Buffer) => boolean): void => {
      instance.on("data", (bytes) => {
        if (!take(bytes)) instance.pause();
      });
    };
    const raw = { socket: instance, early: undefined, listen };
    const ends = { client: this.#socket, instance: raw, sweep, idleMs: limits.tunnelIdleMs };
    join({ ...ends, rest: undefined }, () => {});
    this.#socket.resume();
  }
}
