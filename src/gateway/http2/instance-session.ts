// A connection to an instance in HTTP/2 without TLS, shared by many requests at once.
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { builtin } from "../../kernel/builtin.ts";
import { messageOf } from "../../kernel/errors.ts";
import { addressOf, type Home } from "../relay/home.ts";
import { type Member, never } from "../relay/sweep.ts";
import { connectionWindowBytes, sessionMemory, streamsMax, windowBytes } from "./bounds.ts";

/** Why a session cannot be had: nothing of a request has reached the process. */
export interface NoSession {
  readonly kind: "refused" | "garbled";
  readonly text: string;
}

/** Waits for a session. */
export interface Boarding {
  enter(session: InstanceSession): void;
  /** It has no room after all. */
  moveOn(): void;
  fail(why: NoSession): void;
}

/** All connections to one instance. */
export interface Sessions {
  /** `alone`: the request cannot be repeated when its connection turns out to be dead. */
  board(boarding: Boarding, alone: boolean): InstanceSession;
}

export class InstanceSession implements Member {
  dueAtMs: number = never;
  /** Streams it has had, those that are open included. */
  carried = 0;
  readonly #home: Home;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #onGone: () => void;
  readonly #boarding: Set<Boarding> = new Set();
  #isReady = false;
  #isGone = false;
  #streams = 0;
  #heardAtMs = 0;
  /** The last stream that the process has taken up, once it has said so. */
  #lastTaken: number = Number.POSITIVE_INFINITY;

  constructor(home: Home, onGone: () => void) {
    this.#home = home;
    this.#onGone = onGone;
    this.#socket = connectSocket({ ...addressOf(home), noDelay: true });
    this.#session = builtin("node:http2").connect("http://localhost", {
      createConnection: () => this.#socket,
      settings: { enablePush: false, initialWindowSize: windowBytes },
      maxSessionMemory: sessionMemory,
      peerMaxConcurrentStreams: streamsMax,
    });
    this.#session
      .once("remoteSettings", () => this.#onReady())
      .on("goaway", (_code, last: number) => this.#onLeaving(last))
      .on("error", (error) => this.#fail(messageOf(error), codeOf(error)))
      .on("close", () => this.#fail("the connection was closed", ""));
    this.dueAtMs = home.sweep.nowMs + home.limits.connectMs;
    home.sweep.join(this);
  }

  /** Whether it takes one more request; `alone`: one that must not be lost with it. */
  hasRoom(alone: boolean): boolean {
    if (this.#isGone || this.#session.closed || this.#session.destroyed) return false;
    if (!this.#isReady) return this.#boarding.size < streamsMax;
    // A server may end a connection that was quiet, while the request is on its way there.
    const isQuiet = this.#streams === 0 && this.#home.sweep.nowMs - this.#heardAtMs > quietMs;
    if (alone && isQuiet) return false;
    const { maxConcurrentStreams = streamsMax } = this.#session.remoteSettings;
    // One that takes none at all gets its chance to change its mind.
    return this.#streams < Math.min(streamsMax, Math.max(1, maxConcurrentStreams));
  }

  board(boarding: Boarding): void {
    if (this.#isReady) boarding.enter(this);
    else this.#boarding.add(boarding);
  }

  leave(boarding: Boarding): void {
    this.#boarding.delete(boarding);
  }

  /** @throws what Node says of a session that has just ended; nothing has been sent then. */
  open(fields: OutgoingHttpHeaders, hasBody: boolean, mayTrail: boolean): ClientHttp2Stream {
    const options = { endStream: !hasBody, waitForTrailers: mayTrail };
    const stream = this.#session.request(fields, options);
    this.carried++;
    this.#streams++;
    this.dueAtMs = never;
    stream.once("close", () => this.#onStreamClose());
    return stream;
  }

  heard(): void {
    this.#heardAtMs = this.#home.sweep.nowMs;
  }

  /** Whether the process has said that it has not taken up this stream. */
  hasNotTaken(id: number | undefined): boolean {
    return id === undefined || id > this.#lastTaken;
  }

  onDue(): void {
    // A full queue, or a process that stands still: it never saw what waits here.
    if (this.#isReady) this.#session.close();
    this.#fail("no connection in time", "");
  }

  #onReady(): void {
    this.#isReady = true;
    this.#session.setLocalWindowSize(connectionWindowBytes);
    this.heard();
    this.#rest();
    const waiting = [...this.#boarding];
    this.#boarding.clear();
    for (const boarding of waiting) {
      if (this.hasRoom(false)) boarding.enter(this);
      else boarding.moveOn();
    }
  }

  #onStreamClose(): void {
    this.#streams--;
    this.#rest();
  }

  #rest(): void {
    if (this.#streams > 0) return;
    this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.instanceIdleMs;
  }

  #onLeaving(last: number): void {
    this.#lastTaken = Math.min(this.#lastTaken, last);
  }

  #fail(text: string, code: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#home.sweep.leave(this);
    const spoke = this.#socket.bytesRead > 0 || code.startsWith("ERR_HTTP2");
    this.#session.destroy();
    this.#onGone();
    const why: NoSession = spoke
      ? { kind: "garbled", text: `it does not speak HTTP/2: ${text}` }
      : { kind: "refused", text };
    for (const boarding of [...this.#boarding]) boarding.fail(why);
    this.#boarding.clear();
  }
}

/** Servers that end connections without a request do so after seconds. */
const quietMs = 1_000;

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
