// A connection to an instance: carries one request after the other and reads the answers.
import { connect, type Socket } from "node:net";
import { messageOf } from "../../kernel/errors.ts";
import type { Ending, EndingKind, Job, Tally } from "../relay/exchange.ts";
import { addressOf, type Carrier, type Home } from "../relay/home.ts";
import type { ResponseHead } from "../relay/messages.ts";
import { type Member, never } from "../relay/sweep.ts";
import { type Progress, tallyOf } from "../relay/tally.ts";
import type { KnownHeads } from "./known-heads.ts";
import { RequestWriter } from "./request-writer.ts";
import { ResponseReader } from "./response-reader.ts";

/** All connections read into the same place: each uses what it was lent before the next one reads. */
const lent = Buffer.allocUnsafeSlow(64 * 1024);

export class InstanceConnection implements Carrier, Member {
  dueAtMs: number = never;
  readonly socket: Socket;
  /** Whether it was opened for one request. */
  readonly isOwn: boolean;
  readonly #home: Home;
  readonly #reader: ResponseReader;
  readonly #writer: RequestWriter;
  #job: Job | undefined;
  #connected = false;
  #carried = 0;
  #startedAtMs = 0;
  #headAfterMs: number | undefined;
  #status = 0;
  #keepAlive = false;
  /** Set while the client takes nothing more. */
  #isFull = false;
  #handedOver: ((bytes: Buffer) => boolean) | undefined;

  constructor(home: Home, isOwn: boolean, known?: KnownHeads<ResponseHead>) {
    this.#home = home;
    this.isOwn = isOwn;
    this.#reader = new ResponseReader(home.limits, known);
    const callback = (size: number): boolean => this.#onRead(size);
    const onread = { buffer: lent, callback };
    this.socket = connect({ ...addressOf(home), noDelay: true, allowHalfOpen: true, onread });
    this.socket
      .on("connect", () => this.#onConnect())
      .on("drain", () => this.#onDrain())
      .on("end", () => this.#onEnd())
      .on("error", (error) => this.#onClose(messageOf(error)))
      .on("close", () => this.#onClose("the connection was closed"));
    this.#writer = new RequestWriter(this.socket, () => this.#progress());
    home.sweep.join(this);
  }

  /** Whether it waits for a request. */
  get isFree(): boolean {
    return this.#job === undefined && !this.socket.destroyed;
  }

  carry(job: Job, nowMs: number): void {
    this.#job = job;
    this.#startedAtMs = nowMs;
    this.#headAfterMs = undefined;
    this.#status = 0;
    this.#isFull = false;
    this.#reader.reset(job.method);
    this.dueAtMs = this.#startedAtMs + Math.min(this.#home.limits.connectMs, job.timeoutMs);
    if (this.#connected) this.#send(job);
  }

  /** The instance hangs: what has not begun to be answered goes elsewhere, where it can. */
  abandon(): void {
    const job = this.#job;
    if (!job || this.#reader.hasBytes || !job.mayLeave()) return;
    this.#end("left", "it does not answer its probe");
  }

  /** The client has gone, or what it sends is not in order. */
  giveUp(kind: "gone" | "faulty", text = ""): void {
    this.#end(kind, text);
  }

  close(): void {
    this.#home.sweep.leave(this);
    this.socket.destroy();
  }

  onDue(): void {
    const job = this.#job;
    if (!job) this.close();
    // The client is late, and that is its own connection's to judge.
    else if (this.#headAfterMs === undefined && job.body?.waitsForClient) this.#progress();
    else if (this.#headAfterMs !== undefined) this.#end("broken", "the answer fell silent");
    else this.#end(this.#connected ? "late" : "refused", "no answer in time");
  }

  #onConnect(): void {
    this.#connected = true;
    if (this.#job) this.#send(this.#job);
  }

  #send(job: Job): void {
    this.#carried++;
    // The body waits for the connection: what was not taken from the client can still go anywhere.
    this.#writer.send(job);
    this.#progress();
  }

  #progress(): void {
    if (!this.#job || this.#headAfterMs !== undefined) return;
    this.dueAtMs = this.#home.sweep.nowMs + this.#job.timeoutMs;
  }

  #onDrain(): void {
    if (this.#writer.isSent) return;
    this.#progress();
    this.#job?.body?.goOn();
  }

  /** Whether more may be read now. */
  #onRead(size: number): boolean {
    if (this.#handedOver) return this.#handedOver(lent.subarray(0, size));
    const job = this.#job;
    // What nobody asked for would be taken for the answer to the next request.
    if (!job) this.close();
    else {
      this.#reader.feed(lent, size);
      this.#read(job);
      this.#reader.keep();
    }
    return !this.#isFull;
  }

  #read(job: Job): void {
    const reader = this.#reader;
    while (!reader.body) {
      const head = reader.readHead();
      if (reader.garbled !== undefined) return void this.#end("garbled", reader.garbled);
      if (!head) return;
      if (head.status === 101) return void this.#switch(job, head);
      if (head.status >= 200) this.#begin(job, head);
      // The gateway has asked for the body itself.
      else if (head.status !== 100) job.answer.interim(head);
    }
    this.#passOn(job);
  }

  #begin(job: Job, head: ResponseHead): void {
    this.#headAfterMs = this.#home.clock.now() - this.#startedAtMs;
    this.#status = head.status;
    this.#keepAlive = head.keepAlive;
    const chunks = this.#reader.body?.chunks;
    if (chunks && job.answer.unframes) chunks.data = [];
    this.#home.worked();
    job.answer.begin(head);
  }

  #passOn(job: Job): void {
    const reader = this.#reader;
    reader.readBody(job.answer);
    if (reader.garbled !== undefined) return void this.#end("broken", reader.garbled);
    if (reader.body?.ended) {
      // More than the answer: where the next one would begin nobody knows.
      if (reader.waitingBytes > 0) this.#keepAlive = false;
      return void this.#end("answered");
    }
    this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.silenceMs;
    this.#isFull = !job.answer.flush(() => this.#resume());
  }

  #switch(job: Job, head: ResponseHead): void {
    if (!job.upgrades) return void this.#end("garbled", "it changes the protocol unasked");
    this.#job = undefined;
    this.#home.sweep.leave(this);
    this.#home.worked();
    const early = this.#reader.takeRest();
    const listen = (take: (bytes: Buffer) => boolean): void => {
      this.#handedOver = take;
    };
    job.answer.handOver(head, { socket: this.socket, early, listen }, () => {
      this.#home.closed(this);
      job.ended({ kind: "handedOver", text: "", tally: unheard });
    });
  }

  #resume(): void {
    this.#isFull = false;
    this.socket.resume();
  }

  /** One that is a tunnel may still be told something. */
  #onEnd(): void {
    if (!this.#handedOver) this.#onClose("the connection was closed");
  }

  #onClose(text: string): void {
    const job = this.#job;
    if (job && this.#reader.body?.kind === "close" && text === "the connection was closed") {
      this.#keepAlive = false;
      this.#end("answered");
    } else if (job) this.#end(this.#kindOfClose(), text);
    this.close();
    this.#home.closed(this);
  }

  #kindOfClose(): EndingKind {
    if (this.#headAfterMs !== undefined) return "broken";
    if (!this.#connected) return "refused";
    if (this.#reader.hasBytes) return "garbled";
    return this.#carried > 1 ? "stale" : "died";
  }

  #end(kind: EndingKind, text = ""): void {
    const job = this.#job;
    if (!job) return;
    this.#job = undefined;
    job.body?.stop();
    const progress: Progress = {
      status: this.#status,
      startedAtMs: this.#startedAtMs,
      headAfterMs: this.#headAfterMs,
    };
    const ending: Ending = { kind, text, tally: tallyOf(kind, progress, this.#home.clock) };
    // An answer may come before the request was wholly sent; that connection serves no second one.
    const isClean = kind === "answered" && this.#writer.isSent && this.#keepAlive;
    if (kind === "answered") job.answer.finish(this.#reader.body?.chunks?.trailers);
    if (isClean) {
      this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.instanceIdleMs;
      this.#home.idle(this);
    } else {
      this.close();
      this.#home.closed(this);
    }
    job.ended(ending);
  }
}

/** A tunnel is no answer whose latency would say something. */
const unheard: Tally = { status: 101, failed: false, broken: false, waitedMs: undefined };
