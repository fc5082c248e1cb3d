// One request on its way to an instance in HTTP/2: a stream on a connection that others use too.
import type { ClientHttp2Stream } from "node:http2";
import { messageOf } from "../../kernel/errors.ts";
import { ChunkReader } from "../http1/chunks.ts";
import type { EndingKind, Job } from "../relay/exchange.ts";
import type { Carrier, Home } from "../relay/home.ts";
import { type Member, never } from "../relay/sweep.ts";
import { tallyOf } from "../relay/tally.ts";
import { closedAs } from "./closed.ts";
import { constants } from "./constants.ts";
import { HeldStart } from "./held-start.ts";
import { answerOf, trailersOf } from "./instance-answer.ts";
import { RequestFrames, requestOf } from "./instance-request.ts";
import type { Boarding, InstanceSession, NoSession, Sessions } from "./instance-session.ts";

/** A connection that just ends takes nothing with it: so often another one is tried at once. */
const boardingsMax = 3;

export class InstanceStream implements Carrier, Boarding, Member {
  dueAtMs: number = never;
  readonly isOwn: boolean;
  /** It is for one request, however many its connection carries. */
  readonly isFree = false;
  readonly #home: Home;
  readonly #sessions: Sessions;
  #job: Job | undefined;
  #session: InstanceSession | undefined;
  #stream: ClientHttp2Stream | undefined;
  #frames: RequestFrames | undefined;
  #boardings = 0;
  #startedAtMs = 0;
  #headAfterMs: number | undefined;
  #status = 0;
  #interims = 0;
  #trailers = "";
  readonly #held = new HeldStart();

  constructor(home: Home, sessions: Sessions, isOwn: boolean) {
    this.#home = home;
    this.#sessions = sessions;
    this.isOwn = isOwn;
    home.sweep.join(this);
  }

  carry(job: Job, nowMs: number): void {
    this.#job = job;
    this.#startedAtMs = nowMs;
    this.dueAtMs = nowMs + Math.min(this.#home.limits.connectMs, job.timeoutMs);
    this.#board();
  }

  abandon(): void {
    const job = this.#job;
    if (!job || this.#headAfterMs !== undefined || this.#interims > 0 || !job.mayLeave()) return;
    this.#end("left", "it does not answer its probe");
  }

  giveUp(kind: "gone" | "faulty", text = ""): void {
    this.#end(kind, text);
  }

  close(): void {
    this.#end("gone", "");
  }

  onDue(): void {
    const job = this.#job;
    if (!job) return;
    if (this.#headAfterMs !== undefined) this.#end("broken", "the answer fell silent");
    // The client is late, and that is its own connection's to judge.
    else if (job.body?.waitsForClient) this.#progress();
    else this.#end(this.#stream ? "late" : "refused", "no answer in time");
  }

  enter(session: InstanceSession): void {
    const job = this.#job;
    if (!job) return;
    const { fields, isChunked } = requestOf(job.text);
    let stream: ClientHttp2Stream;
    try {
      stream = session.open(fields, job.body !== undefined, isChunked);
    } catch (error) {
      return void this.#boardAgain(messageOf(error));
    }
    this.#session = session;
    this.#stream = stream;
    this.#listen(job, stream);
    const chunks = isChunked ? new ChunkReader(this.#home.limits) : undefined;
    const frames = new RequestFrames(stream, chunks, () => this.#progress());
    this.#frames = frames;
    frames.isSent = job.body === undefined;
    job.body?.giveTo(frames);
    this.#progress();
  }

  moveOn(): void {
    if (this.#job) this.#session = this.#sessions.board(this, this.isOwn);
  }

  fail({ kind, text }: NoSession): void {
    this.#end(kind, text);
  }

  #board(): void {
    this.#boardings++;
    this.#session = this.#sessions.board(this, this.isOwn);
  }

  /** Nothing of it has reached the process. */
  #boardAgain(text: string): void {
    const { body } = this.#job ?? {};
    body?.stop();
    this.#stream = undefined;
    // What is not kept cannot be given to another one.
    if (body?.repeatable === false) return void this.#end("died", text);
    if (this.#boardings >= boardingsMax) return void this.#end("refused", text);
    this.#board();
  }

  #listen(job: Job, stream: ClientHttp2Stream): void {
    /** An earlier stream of the same request may still have something to say. */
    const here = <A extends unknown[]>(work: (...args: A) => void) => {
      return (...args: A): void => {
        if (this.#job === job && this.#stream === stream) work(...args);
      };
    };
    let text = "";
    stream
      .on(
        "headers",
        here((_fields, _flags, raw: unknown) => this.#interim(job, raw)),
      )
      .on(
        "response",
        here((_fields, flags, raw: unknown) => this.#begin(job, flags, raw)),
      )
      .on("trailers", (_fields, _flags, raw: unknown) => {
        this.#trailers = trailersOf(raw as readonly string[]);
      })
      .on(
        "data",
        here((bytes: Buffer) => this.#passOn(job, stream, bytes)),
      )
      .on(
        "drain",
        here(() => this.#onDrain(job)),
      )
      .on(
        "end",
        here(() => (stream.destroyed ? undefined : this.#onEnd())),
      )
      .on("error", (error) => {
        text = messageOf(error);
      })
      .on(
        "close",
        here(() => this.#onClose(stream, text)),
      );
  }

  #interim(job: Job, raw: unknown): void {
    const head = answerOf(raw as readonly string[], job.method);
    if (!head) return void this.#end("garbled", "a bad answer before the answer");
    if (++this.#interims > this.#home.limits.interims) {
      return void this.#end("garbled", "too many answers before the answer");
    }
    if (head.status !== 100) job.answer.interim(head);
  }

  #begin(job: Job, flags: number, raw: unknown): void {
    const head = answerOf(raw as readonly string[], job.method);
    if (!head) return void this.#end("garbled", "a bad head");
    this.#headAfterMs = this.#home.clock.now() - this.#startedAtMs;
    this.#status = head.status;
    this.#home.worked();
    this.#session?.heard();
    this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.silenceMs;
    this.#held.hold(head);
    // A head without a body is written with the end, which some clients want of gRPC.
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) return;
    void this.#held.soon(this.#home.clock, job.method, () => {
      if (this.#job !== job || !this.#stream) return;
      this.#held.show(job.answer);
      this.#flush(job, this.#stream);
    });
  }

  #passOn(job: Job, stream: ClientHttp2Stream, bytes: Buffer): void {
    this.dueAtMs = this.#home.sweep.nowMs + this.#home.limits.silenceMs;
    if (this.#held.holds(bytes)) return;
    this.#held.show(job.answer);
    job.answer.piece(bytes, 0, bytes.length, undefined);
    this.#flush(job, stream);
  }

  #flush(job: Job, stream: ClientHttp2Stream): void {
    if (!job.answer.flush(() => stream.resume())) stream.pause();
  }

  #onDrain(job: Job): void {
    if (this.#frames?.isSent) return;
    this.#progress();
    job.body?.goOn();
  }

  /** All of the answer has been read. */
  #onEnd(): void {
    if (this.#headAfterMs === undefined || !this.#job) return;
    this.#held.show(this.#job.answer);
    this.#end("answered");
  }

  #onClose(stream: ClientHttp2Stream, text: string): void {
    if (this.#held.isWhole) return void this.#onEnd();
    if (this.#headAfterMs !== undefined && !this.#held.waits) return void this.#end("broken", text);
    const hasSpoken = this.#headAfterMs !== undefined || this.#interims > 0;
    const kind = closedAs(stream, this.#session, hasSpoken);
    this.#headAfterMs = undefined;
    this.#status = 0;
    if (kind === "untaken") this.#boardAgain(text || "it was refused");
    else this.#end(kind, text || "the stream was closed");
  }

  #progress(): void {
    if (!this.#job || this.#headAfterMs !== undefined) return;
    this.dueAtMs = this.#home.sweep.nowMs + this.#job.timeoutMs;
  }

  #end(kind: EndingKind, text = ""): void {
    const job = this.#job;
    if (!job) return;
    this.#job = undefined;
    this.#home.sweep.leave(this);
    this.#session?.leave(this);
    job.body?.stop();
    const progress = {
      ...{ status: this.#status, startedAtMs: this.#startedAtMs, headAfterMs: this.#headAfterMs },
    };
    const tally = tallyOf(kind, progress, this.#home.clock);
    if (kind === "answered") job.answer.finish(this.#trailers);
    // Of an answer that came before the whole request, the rest of this is not wanted.
    if (kind !== "answered" || !this.#frames?.isSent) this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#home.closed(this);
    job.ended({ kind, text, tally });
  }
}
