// A connection to an instance: carries one request after the other and reads the answers.
import { connect, type Socket } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Ending, EndingKind, Job } from "./exchange.ts";
import type { Framing } from "./framing.ts";
import type { Limits } from "./limits.ts";
import type { Taker } from "./request-body.ts";
import { framingFor, readResponse } from "./response.ts";
import { faulty, HeadScan, more } from "./scan.ts";
import type { Member, Sweep } from "./sweep.ts";

/** What a connection needs of the instance it leads to. */
export interface Home {
  readonly port: number;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly sweep: Sweep;
  /** It answered: it works. */
  worked(): void;
  /** Has no request any more and may have another one. */
  idle(connection: InstanceConnection): void;
  closed(connection: InstanceConnection): void;
}

/** Head and small pieces are joined to one text; copying more costs more than a second write. */
const joinBytes = 8 * 1024;

export class InstanceConnection implements Taker, Member {
  dueAtMs = Number.POSITIVE_INFINITY;
  readonly socket: Socket;
  readonly #home: Home;
  readonly #scan: HeadScan;
  #job: Job | undefined;
  #connected = false;
  #carried = 0;
  #startedAtMs = 0;
  #headAfterMs: number | undefined;
  #status = 0;
  #hasBytes = false;
  #keepAlive = false;
  #interims = 0;
  #framing: Framing | undefined;
  /** Bytes of a head that has not ended. */
  #head: Buffer | undefined;
  /** The request's head until it is written. */
  #unsent = "";
  #isSent = false;
  #isStarting = false;

  constructor(home: Home) {
    this.#home = home;
    this.#scan = new HeadScan(home.limits);
    this.socket = connect({ port: home.port, host: "127.0.0.1", noDelay: true });
    this.socket
      .on("connect", () => this.#onConnect())
      .on("data", (chunk) => this.#onData(chunk))
      .on("drain", () => this.#onDrain())
      .on("end", () => this.#onClose("the connection was closed"))
      .on("error", (error) => this.#onClose(messageOf(error)))
      .on("close", () => this.#onClose("the connection was closed"));
    home.sweep.join(this);
  }

  /** Whether it waits for a request. */
  get isFree(): boolean {
    return this.#job === undefined && !this.socket.destroyed;
  }

  carry(job: Job): void {
    const { clock, limits } = this.#home;
    this.#job = job;
    this.#startedAtMs = clock.now();
    this.#headAfterMs = undefined;
    this.#status = 0;
    this.#hasBytes = false;
    this.#isSent = false;
    this.#interims = 0;
    this.#framing = undefined;
    this.dueAtMs = this.#startedAtMs + Math.min(limits.connectMs, job.timeoutMs);
    if (this.#connected) this.#send(job);
  }

  /** The instance hangs: what has not begun to be answered goes elsewhere, where it can. */
  abandon(): void {
    const job = this.#job;
    if (!job || this.#hasBytes || !job.mayLeave()) return;
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

  take(piece: Buffer): boolean {
    const head = this.#unsent;
    if (head === "") this.socket.write(piece);
    else if (head.length + piece.length <= joinBytes) {
      this.#unsent = "";
      this.socket.write(head + piece.latin1Slice(), "latin1");
    } else {
      this.#unsent = "";
      this.socket.cork();
      this.socket.write(head, "latin1");
      this.socket.write(piece);
      this.socket.uncork();
    }
    this.#progress();
    return !this.socket.writableNeedDrain;
  }

  takeEnd(): void {
    this.#isSent = true;
    this.#progress();
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
    this.#unsent = job.text;
    // The body waits for the connection: what was not taken from the client can still go anywhere.
    this.#isSent = job.body === undefined;
    job.body?.giveTo(this);
    if (this.#unsent !== "") {
      this.socket.write(this.#unsent, "latin1");
      this.#unsent = "";
    }
    this.#progress();
  }

  #progress(): void {
    if (!this.#job || this.#headAfterMs !== undefined) return;
    this.dueAtMs = this.#home.clock.now() + this.#job.timeoutMs;
  }

  #onDrain(): void {
    if (this.#isSent) return;
    this.#progress();
    this.#job?.body?.goOn();
  }

  #onData(chunk: Buffer): void {
    const job = this.#job;
    // What nobody asked for would be taken for the answer to the next request.
    if (!job) return this.close();
    this.#hasBytes = true;
    if (this.#framing) return this.#passOn(job, chunk, 0);
    const bytes = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
    if (!this.#head) this.#scan.reset(0);
    this.#head = undefined;
    this.#readHeads(job, bytes);
  }

  /** Heads of 1xx may stand before the one that counts. */
  #readHeads(job: Job, bytes: Buffer): void {
    let at = 0;
    for (;;) {
      const end = this.#scan.run(bytes, bytes.length);
      if (end === more) {
        if (at === bytes.length) return;
        this.#head = at === 0 ? bytes : bytes.subarray(at);
        if (at > 0) this.#scan.reset(0);
        return;
      }
      if (end === faulty) return this.#end("garbled", this.#scan.fault?.text ?? "");
      const head = readResponse(this.#scan, bytes, end, job.method);
      if ("garbled" in head) return this.#end("garbled", head.garbled);
      if (head.status === 101) return this.#switch(job, head, bytes.subarray(end));
      if (head.status >= 200) {
        this.#begin(job, head);
        return this.#passOn(job, bytes, end);
      }
      if (++this.#interims > this.#home.limits.interims) {
        return this.#end("garbled", "too many answers before the answer");
      }
      // The gateway has asked for the body itself.
      if (head.status !== 100) job.answer.interim(head);
      at = end;
      this.#scan.reset(at);
    }
  }

  #begin(job: Job, head: Parameters<Job["answer"]["begin"]>[0]): void {
    const { clock, limits, sweep } = this.#home;
    this.#headAfterMs = clock.now() - this.#startedAtMs;
    this.#status = head.status;
    this.#keepAlive = head.keepAlive;
    this.#framing = framingFor(head, limits);
    if (this.#framing.chunks && job.answer.unframes) this.#framing.chunks.data = [];
    this.dueAtMs = sweep.nowMs + limits.silenceMs;
    this.#home.worked();
    job.answer.begin(head);
  }

  #passOn(job: Job, bytes: Buffer, at: number): void {
    const framing = this.#framing;
    if (!framing) return;
    const data = framing.chunks?.data;
    if (data) data.length = 0;
    const end = framing.take(bytes, at, bytes.length);
    if (framing.fault) return this.#end("broken", framing.fault.text);
    if (end > at) job.answer.piece(bytes, at, end, data);
    if (framing.ended) {
      // More than the answer: where the next one would begin nobody knows.
      if (end < bytes.length) this.#keepAlive = false;
      return this.#end("answered");
    }
    this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.silenceMs;
    if (!job.answer.flush(() => this.socket.resume())) this.socket.pause();
  }

  /** @throws nothing: an instance that switches unasked is one that speaks no HTTP. */
  #switch(job: Job, head: Parameters<Job["answer"]["begin"]>[0], early: Buffer): void {
    if (!job.upgrades) return this.#end("garbled", "it changes the protocol unasked");
    this.#job = undefined;
    this.#home.sweep.leave(this);
    this.#home.worked();
    this.socket.removeAllListeners();
    this.dueAtMs = Number.POSITIVE_INFINITY;
    job.answer.handOver(head, this.socket, early, () => {
      this.#home.closed(this);
      job.ended({ kind: "answered", text: "", tally: { failed: false, broken: false } });
    });
  }

  #onClose(text: string): void {
    const job = this.#job;
    if (job && this.#framing?.kind === "close" && text === "the connection was closed") {
      this.#keepAlive = false;
      this.#end("answered");
    } else if (job) this.#end(this.#kindOfClose(), text);
    this.close();
    this.#home.closed(this);
  }

  #kindOfClose(): EndingKind {
    if (this.#headAfterMs !== undefined) return "broken";
    if (!this.#connected) return "refused";
    if (this.#hasBytes) return "garbled";
    return this.#carried > 1 ? "stale" : "died";
  }

  #end(kind: EndingKind, text = ""): void {
    const job = this.#job;
    if (!job) return;
    this.#job = undefined;
    this.#head = undefined;
    job.body?.stop();
    const ending: Ending = { kind, text, tally: this.#tally(kind) };
    // An answer may come before the request was wholly sent; that connection serves no second one.
    const isClean = kind === "answered" && this.#isSent && this.#keepAlive;
    if (kind === "answered") job.answer.finish();
    if (isClean) {
      this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.instanceIdleMs;
      this.#home.idle(this);
    } else {
      this.close();
      this.#home.closed(this);
    }
    job.ended(ending);
  }

  /** A wait that was given up counts as long as it was: leaving it out would flatter a hang. */
  #tally(kind: EndingKind): Ending["tally"] {
    const tally = { failed: this.#status >= 500, broken: breaking.has(kind) };
    const givenUp = kind === "late" || kind === "left" || kind === "gone";
    const waitedMs =
      this.#headAfterMs ?? (givenUp ? this.#home.clock.now() - this.#startedAtMs : undefined);
    return waitedMs === undefined ? tally : { ...tally, waitedMs };
  }
}

const breaking: ReadonlySet<EndingKind> = new Set([
  ...(["refused", "died", "stale", "garbled", "broken", "late", "left"] as const),
]);
