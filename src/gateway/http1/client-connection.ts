// A client's connection: reads one request after the other, and writes the answers in their order.
import type { Socket } from "node:net";
import type { Connected, Desk } from "../relay/desk.ts";
import type { RawInstance } from "../relay/exchange.ts";
import type { RequestHead, ResponseHead } from "../relay/messages.ts";
import { Passage } from "../relay/passage.ts";
import { type Peer, reset } from "../relay/peer.ts";
import { type Reply, replyText } from "../relay/replies.ts";
import type { Client } from "../relay/serving.ts";
import { type Member, never } from "../relay/sweep.ts";
import { join } from "../relay/tunnel.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { connectionLine, isLast, late, originOf, patienceMs } from "./conversation.ts";
import { type AskedHeads, RequestReader } from "./request-reader.ts";
import type { Fault } from "./scan.ts";

export class ClientConnection implements Client, Connected, Member {
  dueAtMs: number;
  readonly #socket: Socket;
  readonly #desk: Desk;
  readonly #peer: Peer;
  readonly #reader: RequestReader;
  readonly #writer: AnswerWriter;
  #head: RequestHead | undefined;
  #passage: Passage | undefined;
  #requests = 0;
  #skippedBytes = 0;
  #requestUntilMs = never;
  #asked = false;
  #isPumping = false;
  #closes = false;
  #isTunnel = false;
  /** The last answer is written; what still comes is not read. */
  #ending = false;
  /** Set while the client does not take what lies ready. */
  #resumeAnswer: (() => void) | undefined;

  constructor(socket: Socket, peer: Peer, desk: Desk, known?: AskedHeads) {
    this.#socket = socket;
    this.#peer = peer;
    this.#desk = desk;
    this.#writer = new AnswerWriter(socket);
    this.#reader = new RequestReader(originOf(peer, desk), known);
    this.dueAtMs = desk.sweep.nowMs + patienceMs(desk);
    desk.sweep.join(this);
    desk.clients.add(this);
    socket
      .on("data", (chunk) => this.#onData(chunk))
      .on("drain", () => this.#onDrain())
      .on("end", () => this.#onEnd())
      .on("error", () => this.#onGone())
      .on("close", () => this.#onGone());
  }

  get unframes(): boolean {
    return this.#head?.minor === 0;
  }

  retire(): void {
    if (!this.#passage && !this.#isTunnel && this.#reader.waitingBytes === 0) this.#finish();
  }

  cut(): void {
    // HTTP/1.0 takes the end of the connection for that of the answer.
    if (this.#writer.begun && this.unframes) reset(this.#socket);
    else this.#socket.destroy();
  }

  ask(): void {
    if (this.#head?.expects && !this.#asked && !this.#writer.begun) {
      this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
    }
    this.#asked = true;
    this.#socket.resume();
    this.#pump();
  }

  interim({ text }: ResponseHead): void {
    if (this.#head?.minor === 1) this.#socket.write(`${text}\r\n`, "latin1");
  }

  begin(head: ResponseHead): void {
    this.#closes ||= this.unframes && (head.framing === "chunked" || head.framing === "close");
    this.#writer.begin(head, this.unframes, this.#lines(head.hasDate));
  }

  piece(bytes: Buffer, at: number, end: number, data: readonly number[] | undefined): void {
    this.#writer.piece(bytes, at, end, data);
  }

  flush(resume: () => void): boolean {
    if (this.#writer.flush()) return true;
    this.#resumeAnswer = resume;
    this.#wait(this.#desk.limits.stallMs);
    return false;
  }

  finish(trailers?: string): void {
    this.#writer.finish(trailers);
  }

  done(): void {
    this.#passage = undefined;
    this.#resumeAnswer = undefined;
    if (this.#closes || (this.#desk.closing && this.#reader.waitingBytes === 0)) this.#finish();
    // Who takes no answers gets no more of them.
    else if (this.flush(() => this.#next())) this.#next();
  }

  #next(): void {
    this.#skippedBytes = 0;
    this.#wait(this.#desk.limits.keepAliveMs);
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#pump();
  }

  reply(reply: Reply): void {
    if (this.#writer.begun) return void this.cut();
    // Without the body it may or may not send, nobody knows where its next request begins.
    if (this.#head?.expects && !this.#asked) this.#closes = true;
    this.#socket.write(replyText(reply, this.#lines(false), this.#head), "latin1");
    this.done();
  }

  handOver({ text }: ResponseHead, instance: RawInstance, onEnd: () => void): void {
    const { sweep, limits } = this.#desk;
    this.#passage = undefined;
    this.#isTunnel = true;
    sweep.leave(this);
    this.#socket.write(`${text}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, "latin1");
    const ends = { client: this.#socket, instance, sweep, idleMs: limits.tunnelIdleMs };
    join({ ...ends, rest: this.#reader.takeRest() }, onEnd);
  }

  onDue(): void {
    if (this.#ending || this.#resumeAnswer) this.cut();
    else if (this.#passage?.body?.waitsForClient) this.#refuse(late);
    else if (this.#passage) this.#wait(this.#desk.limits.bodyIdleMs);
    else if (this.#reader.waitingBytes > 0) this.#refuse(late);
    else this.cut();
  }

  #onData(chunk: Buffer): void {
    if (this.#ending || this.#isTunnel) return;
    const reader = this.#reader;
    if (this.#passage) {
      if (reader.isInBody) this.#wait(this.#desk.limits.bodyIdleMs);
    } else if (reader.isInBody) this.#skippedBytes += chunk.length;
    else if (reader.waitingBytes === 0) this.#wait(this.#desk.limits.headMs);
    reader.feed(chunk);
    this.#pump();
    if (reader.waitingBytes > this.#desk.limits.aheadBytes) this.#socket.pause();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#ending && (this.#reader.isInBody ? this.#passBody() : this.#passHead())) {}
    this.#isPumping = false;
    if (this.#reader.fault && !this.#ending) this.#refuse(this.#reader.fault);
  }

  #passHead(): boolean {
    if (this.#passage || this.#resumeAnswer) return false;
    const head = this.#reader.readHead();
    if (!head) return false;
    this.#head = head;
    this.#requests++;
    this.#asked = false;
    const { sweep, limits, clock } = this.#desk;
    this.#requestUntilMs = sweep.nowMs + limits.requestMs;
    this.dueAtMs = this.#reader.isInBody ? sweep.nowMs + limits.bodyIdleMs : never;
    const nowMs = clock.now();
    this.#passage = new Passage(this.#desk, this, { head, peer: this.#peer }, nowMs);
    if (!this.#reader.isInBody) this.#passage.body?.end();
    this.#passage.start(nowMs);
    return true;
  }

  #passBody(): boolean {
    const piece = this.#reader.readBody();
    if (!piece) return false;
    const body = this.#passage?.body;
    if (body === undefined) {
      if (this.#skippedBytes > this.#desk.limits.skipBytes) this.cut();
      return true;
    }
    const goesOn = body.push(piece);
    if (!this.#reader.isInBody) body.end();
    else if (!goesOn) this.#socket.pause();
    return goesOn || !this.#reader.isInBody;
  }

  #onDrain(): void {
    const resume = this.#resumeAnswer;
    if (!resume) return;
    this.#resumeAnswer = undefined;
    this.dueAtMs = never;
    if (this.#reader.isInBody) this.#wait(this.#desk.limits.bodyIdleMs);
    resume();
  }

  #onEnd(): void {
    if (this.#passage) this.#onGone();
    else if (this.#ending) this.cut();
    else if (!this.#isTunnel) this.#finish();
  }

  #onGone(): void {
    this.#ending = true;
    this.#desk.sweep.leave(this);
    this.#desk.clients.delete(this);
    this.#passage?.leave();
    this.#passage = undefined;
    this.cut();
  }

  #refuse({ status, text }: Fault): void {
    this.#closes = true;
    if (!this.#reader.isInBody) this.#head = undefined;
    // The rest of a body whose request is answered already.
    else if (!this.#passage) return void this.#finish();
    this.#passage?.reject(status, text);
    this.#passage = undefined;
    this.reply({ status, error: text });
  }

  /** The last answer is on its way: the client has a moment to take it and to go. */
  #finish(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#wait(this.#desk.limits.stallMs);
    this.#socket.end(() => this.#wait(this.#desk.limits.lingerMs));
    this.#socket.resume();
  }

  #wait(ms: number): void {
    // The limit of a request is for reading it: an answer may take as long as somebody takes it.
    const untilMs = this.#reader.isInBody && !this.#ending ? this.#requestUntilMs : never;
    this.dueAtMs = Math.min(this.#desk.sweep.nowMs + ms, untilMs);
  }

  /** Those of the connection, and the date if it has none. */
  #lines(hasDate: boolean): string {
    if (isLast(this.#desk, this.#requests, this.#head)) this.#closes = true;
    return (hasDate ? "" : this.#desk.dateLine()) + connectionLine(this.#head, this.#closes);
  }
}
