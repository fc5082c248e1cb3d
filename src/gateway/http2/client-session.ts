// A client's connection in HTTP/2: its requests come side by side, each as a stream of its own.
import type { performServerHandshake, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { builtin } from "../../kernel/builtin.ts";
import { originOf, patienceMs } from "../http1/conversation.ts";
import type { Origin } from "../http1/request.ts";
import { HeadScan } from "../http1/scan.ts";
import type { Connected, Desk } from "../relay/desk.ts";
import type { Limits } from "../relay/limits.ts";
import type { Peer } from "../relay/peer.ts";
import { type Member, never } from "../relay/sweep.ts";
import {
  boundMs,
  connectionWindowBytes,
  controlsMax,
  createBound,
  faultyFramesMax,
  resetsMax,
  sessionMemory,
  streamsMax,
  windowBytes,
} from "./bounds.ts";
import { ClientStream, type OfSession } from "./client-stream.ts";
import { constants } from "./constants.ts";

export class ClientSession implements Connected, Member, OfSession {
  dueAtMs: number;
  readonly desk: Desk;
  readonly peer: Peer;
  readonly origin: Origin;
  readonly scan: HeadScan;
  readonly #session: ServerHttp2Session;
  readonly #tooManyResets = createBound(resetsMax, boundMs);
  readonly #tooManyControls = createBound(controlsMax, boundMs);
  /** Came when the route was closing already: it has what it asks at once, and is told to go. */
  readonly #isLate: boolean;
  #streams = 0;

  constructor(socket: Socket, peer: Peer, desk: Desk) {
    this.desk = desk;
    this.peer = peer;
    this.origin = originOf(peer, desk);
    this.scan = new HeadScan(desk.limits);
    this.#isLate = desk.closing;
    this.dueAtMs = desk.sweep.nowMs + patienceMs(desk);
    desk.sweep.join(this);
    desk.clients.add(this);
    // HTTP/2 knows no half of a connection: Node would not tell of a client that is gone.
    socket.allowHalfOpen = false;
    this.#session = builtin("node:http2").performServerHandshake(socket, optionsOf(desk.limits));
    this.#session
      .once("connect", (session: ServerHttp2Session) =>
        session.setLocalWindowSize(connectionWindowBytes),
      )
      .on("stream", (stream, _headers, flags, raw: unknown) => this.#open(stream, flags, raw))
      .on("ping", () => this.#control())
      .on("remoteSettings", () => this.#control())
      // What it was about is told by the streams; the connection ends by itself.
      .on("error", () => {})
      .on("close", () => this.#onClose());
  }

  /** Says that no request is taken any more; those that were go on. */
  retire(): void {
    if (!this.#session.closed) this.#session.close();
  }

  cut(): void {
    this.#session.destroy();
  }

  onDue(): void {
    if (this.#session.closed) return void this.cut();
    this.retire();
    this.dueAtMs = this.desk.sweep.nowMs + this.desk.limits.lingerMs;
  }

  left(wasTakenBack: boolean): void {
    const { sweep, limits, clock } = this.desk;
    if (--this.#streams === 0) {
      this.dueAtMs = sweep.nowMs + limits.keepAliveMs;
      if (this.#isLate) this.retire();
    }
    if (wasTakenBack && this.#tooManyResets(clock.now())) this.#end("it takes back too much");
  }

  #open(stream: ServerHttp2Stream, flags: number, raw: unknown): void {
    this.#streams++;
    this.dueAtMs = never;
    const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
    new ClientStream(this, stream).start(raw as readonly string[], hasBody);
  }

  #control(): void {
    if (this.#tooManyControls(this.desk.clock.now())) this.#end("it pings too much");
  }

  #end(why: string): void {
    if (this.#session.destroyed) return;
    this.desk.log.warn("a connection of HTTP/2 is ended", { from: this.peer.address, why });
    this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#session.destroy();
  }

  #onClose(): void {
    this.desk.sweep.leave(this);
    this.desk.clients.delete(this);
  }
}

function optionsOf({ headBytes, fields }: Limits): Parameters<typeof performServerHandshake>[1] {
  return {
    settings: {
      maxConcurrentStreams: streamsMax,
      initialWindowSize: windowBytes,
      maxHeaderListSize: headBytes,
      enablePush: false,
      enableConnectProtocol: false,
    },
    // Those of the request line, and one to see that there are too many.
    maxHeaderListPairs: fields + 5,
    maxOutstandingPings: 2,
    maxSessionMemory: sessionMemory,
    maxSessionInvalidFrames: faultyFramesMax,
    maxSessionRejectedStreams: faultyFramesMax,
  };
}
