// Writes one answer in HTTP/2: an instance's lines as fields, its bytes as DATA, its trailers last.
import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { ResponseHead } from "../relay/messages.ts";
import { type Reply, replyText } from "../relay/replies.ts";
import { constants } from "./constants.ts";
import { addLines, noFields } from "./fields.ts";

export class AnswerFrames {
  /** Whether the head of the answer that counts has been taken. */
  begun = false;
  readonly #stream: ServerHttp2Stream;
  /** The head until it is written. */
  #unsent: OutgoingHttpHeaders | undefined;
  #mayTrail = false;
  #trailers: OutgoingHttpHeaders = noFields();

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  interim({ status, text }: ResponseHead): void {
    if (!this.begun && this.#isOpen) this.#stream.additionalHeaders(fieldsOf(status, text));
  }

  /** 100 Continue. */
  goOn(): void {
    if (this.#isOpen) this.#stream.additionalHeaders({ ":status": 100 });
  }

  /** @param lines that stand after those of the message. */
  begin({ status, text, framing }: ResponseHead, lines: string): void {
    this.begun = true;
    this.#unsent = fieldsOf(status, text);
    addLines(this.#unsent, lines, 0);
    this.#mayTrail = framing === "chunked" || framing === "close";
  }

  piece(bytes: Buffer, at: number, end: number, data: readonly number[] | undefined): void {
    if (data === undefined) return void this.#write(bytes, at, end);
    for (let i = 0; i < data.length; i += 2) this.#write(bytes, data[i] ?? 0, data[i + 1] ?? 0);
  }

  /** Writes the head if it still waits; whether the client takes more now. */
  flush(): boolean {
    this.#respond(false);
    return !this.#stream.writableNeedDrain;
  }

  finish(trailers = ""): void {
    addLines(this.#trailers, trailers, 0);
    this.#respond(trailers === "");
    if (this.#isOpen && !this.#stream.writableEnded) this.#stream.end();
  }

  reply(reply: Reply, lines: string, request: { id: string; method: string } | undefined): void {
    const text = replyText(reply, lines, request);
    const bodyAt = text.indexOf("\r\n\r\n") + 4;
    this.begun = true;
    this.#unsent = fieldsOf(reply.status, text);
    this.#respond(bodyAt === text.length);
    const body = Buffer.from(text.slice(bodyAt), "latin1");
    if (this.#isOpen && !this.#stream.writableEnded) this.#stream.end(body);
  }

  /** What was sent is not all: the client must not take it for that. */
  cut(): void {
    // Node ends what it closes, and the client would read that before it reads of the fault.
    this.#stream._final = (done) => done();
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  get #isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  #respond(endStream: boolean): void {
    const fields = this.#unsent;
    if (fields === undefined) return;
    this.#unsent = undefined;
    if (!this.#isOpen) return;
    const waitForTrailers = this.#mayTrail && !endStream;
    if (waitForTrailers) {
      this.#stream.once("wantTrailers", () => {
        if (this.#isOpen) this.#stream.sendTrailers(this.#trailers);
      });
    }
    // The date is with the lines; a second one would be Node's own.
    this.#stream.respond(fields, { endStream, waitForTrailers, ...ownDate });
  }

  #write(bytes: Buffer, at: number, end: number): void {
    this.#respond(false);
    // An answer to HEAD, and some others, have ended with their head.
    if (end === at || !this.#isOpen || this.#stream.writableEnded) return;
    // The bytes are lent, and the stream may hold what it is given.
    this.#stream.write(Buffer.from(bytes.subarray(at, end)));
  }
}

const ownDate = { sendDate: false };

function fieldsOf(status: number, text: string): OutgoingHttpHeaders {
  const fields = noFields();
  fields[":status"] = status;
  addLines(fields, text, text.indexOf("\r\n") + 2);
  // HTTP/2 lets it have no body, so it must not speak of one. Source: RFC 9110 section 15.3.6.
  if (status === 205) delete fields["content-length"];
  return fields;
}
