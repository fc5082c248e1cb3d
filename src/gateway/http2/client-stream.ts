// One request of a client in HTTP/2: reads its body into the framing of HTTP/1.1, and writes its answer.
import type { ServerHttp2Stream } from "node:http2";
import { late } from "../http1/conversation.ts";
import type { Origin } from "../http1/request.ts";
import type { Fault, HeadScan } from "../http1/scan.ts";
import type { Desk } from "../relay/desk.ts";
import type { RawInstance } from "../relay/exchange.ts";
import type { RequestHead, ResponseHead } from "../relay/messages.ts";
import { Passage } from "../relay/passage.ts";
import type { Peer } from "../relay/peer.ts";
import type { Reply } from "../relay/replies.ts";
import type { Client } from "../relay/serving.ts";
import { type Member, never } from "../relay/sweep.ts";
import { AnswerFrames } from "./answer-frames.ts";
import { BodyFrames } from "./body-frames.ts";
import { constants } from "./constants.ts";
import { readFields } from "./request.ts";

/** The connection, as its requests see it. */
export interface OfSession {
  readonly desk: Desk;
  readonly peer: Peer;
  /** What all its requests have in common. */
  readonly origin: Origin;
  readonly scan: HeadScan;
  /** One of its requests is over; `wasTakenBack`: by the client, before it was answered. */
  left(wasTakenBack: boolean): void;
}

export class ClientStream implements Client, Member {
  dueAtMs: number = never;
  /** DATA frames are chunks of their own kind. */
  readonly unframes = true;
  readonly #session: OfSession;
  readonly #stream: ServerHttp2Stream;
  readonly #answer: AnswerFrames;
  #head: RequestHead | undefined;
  #body: BodyFrames | undefined;
  #passage: Passage | undefined;
  #requestUntilMs: number = never;
  #asked = false;
  #isAnswered = false;
  /** Set while the client does not take what lies ready. */
  #resumeAnswer: (() => void) | undefined;

  constructor(session: OfSession, stream: ServerHttp2Stream) {
    this.#session = session;
    this.#stream = stream;
    this.#answer = new AnswerFrames(stream);
    session.desk.sweep.join(this);
    stream
      .on("drain", () => this.#onDrain())
      .on("close", () => this.#onClose())
      // It ends with "close", which says all that matters here.
      .on("error", () => {});
  }

  start(raw: readonly string[], hasBody: boolean): void {
    const { desk, peer, origin, scan } = this.#session;
    const head = readFields(raw, hasBody, origin, scan);
    if ("status" in head) return void this.#refuse(head);
    this.#head = head;
    const nowMs = desk.clock.now();
    this.#passage = new Passage(desk, this, { head, peer }, nowMs);
    if (hasBody) this.#read(head);
    else this.#passage.body?.end();
    this.#passage.start(nowMs);
  }

  ask(): void {
    if (this.#head?.expects && !this.#asked && !this.#answer.begun) this.#answer.goOn();
    this.#asked = true;
    this.#stream.resume();
  }

  interim(head: ResponseHead): void {
    this.#answer.interim(head);
  }

  begin(head: ResponseHead): void {
    this.#answer.begin(head, head.hasDate ? "" : this.#session.desk.dateLine());
  }

  piece(bytes: Buffer, at: number, end: number, data: readonly number[] | undefined): void {
    this.#answer.piece(bytes, at, end, data);
  }

  flush(resume: () => void): boolean {
    if (this.#answer.flush()) return true;
    this.#resumeAnswer = resume;
    this.#wait(this.#session.desk.limits.stallMs);
    return false;
  }

  finish(trailers?: string): void {
    this.#answer.finish(trailers);
  }

  reply(reply: Reply): void {
    if (this.#answer.begun) return void this.cut();
    this.#answer.reply(reply, this.#session.desk.dateLine(), this.#head);
    this.done();
  }

  /** The answer is with Node, which may wait for the client to take it. */
  done(): void {
    this.#passage = undefined;
    this.#isAnswered = true;
    this.#resumeAnswer = undefined;
    this.#wait(this.#session.desk.limits.stallMs);
    if (this.#body?.ended === false) this.#stopReading();
  }

  /** Nobody wants the rest of the request. Source: RFC 9113 section 8.1. */
  #stopReading(): void {
    const stop = (): void => this.#stream.close(constants.NGHTTP2_NO_ERROR);
    if (this.#stream.writableFinished) stop();
    else this.#stream.once("finish", stop);
    this.#stream.resume();
  }

  cut(): void {
    this.#passage = undefined;
    this.#isAnswered = true;
    this.#answer.cut();
  }

  /** Only a request that upgrades can come to this, and HTTP/2 has none. */
  handOver(_head: ResponseHead, { socket }: RawInstance, onEnd: () => void): void {
    socket.destroy();
    onEnd();
    this.cut();
  }

  onDue(): void {
    if (this.#isAnswered || this.#resumeAnswer) {
      this.#passage?.leave();
      this.cut();
    } else if (this.#passage?.body?.waitsForClient) this.#refuse(late);
    else this.#wait(this.#session.desk.limits.bodyIdleMs);
  }

  #read(head: RequestHead): void {
    const { limits, sweep } = this.#session.desk;
    const body = new BodyFrames(head, limits);
    this.#body = body;
    this.#requestUntilMs = sweep.nowMs + limits.requestMs;
    this.#wait(limits.bodyIdleMs);
    this.#stream
      .on("trailers", (_headers, _flags, raw: unknown) => body.trail(raw as readonly string[]))
      .on("data", (chunk: Buffer) => this.#push(body.take(chunk)))
      .on("end", () => this.#end(body));
  }

  #push(piece: Buffer | Fault): void {
    if (!this.#passage) return;
    if (!Buffer.isBuffer(piece)) return void this.#refuse(piece);
    this.#wait(this.#session.desk.limits.bodyIdleMs);
    if (this.#passage.body?.push(piece) === false) this.#stream.pause();
  }

  #end(body: BodyFrames): void {
    // The stream of a client that is gone ends as well.
    if (!this.#passage || this.#stream.aborted) return;
    const last = body.end();
    if (last !== undefined) this.#push(last);
    this.#passage?.body?.end();
  }

  #onDrain(): void {
    const resume = this.#resumeAnswer;
    if (!resume) return;
    this.#resumeAnswer = undefined;
    this.dueAtMs = never;
    if (this.#body?.ended === false) this.#wait(this.#session.desk.limits.bodyIdleMs);
    resume();
  }

  #onClose(): void {
    const passage = this.#passage;
    this.#passage = undefined;
    this.#session.desk.sweep.leave(this);
    passage?.leave();
    this.#session.left(passage !== undefined);
  }

  #refuse({ status, text }: Fault): void {
    this.#passage?.reject(status, text);
    this.#passage = undefined;
    this.reply({ status, error: text });
  }

  #wait(ms: number): void {
    // The limit of a request is for reading it.
    const reads = this.#body?.ended === false && !this.#isAnswered;
    const untilMs = reads ? this.#requestUntilMs : never;
    this.dueAtMs = Math.min(this.#session.desk.sweep.nowMs + ms, untilMs);
  }
}
