// The body of a request in HTTP/2 in the framing that its head promises an instance of HTTP/1.1.
import type { Fault } from "../http1/scan.ts";
import type { Limits } from "../relay/limits.ts";
import type { RequestHead } from "../relay/messages.ts";
import { readTrailers } from "./request.ts";

export class BodyFrames {
  ended = false;
  readonly #isChunked: boolean;
  readonly #length: number;
  readonly #limits: Limits;
  #bytes = 0;
  #trailers: string | Fault = "";

  constructor({ framing, length }: RequestHead, limits: Limits) {
    this.#isChunked = framing === "chunked";
    this.#length = length;
    this.#limits = limits;
  }

  /** The piece for the instance; more than was announced would be another request to it. */
  take(data: Buffer): Buffer | Fault {
    this.#bytes += data.length;
    if (!this.#isChunked) return this.#bytes > this.#length ? tooLong : data;
    if (this.#bytes > this.#limits.bodyBytes) return { status: 413, text: "the body is too large" };
    // A chunk of no bytes would be the last one.
    if (data.length === 0) return data;
    return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, lineEnd]);
  }

  trail(raw: readonly string[]): void {
    this.#trailers = readTrailers(raw, this.#limits.trailerBytes);
  }

  /** What is left to say at the end. */
  end(): Buffer | Fault | undefined {
    this.ended = true;
    if (typeof this.#trailers !== "string") return this.#trailers;
    if (this.#isChunked) return Buffer.from(`0\r\n${this.#trailers}\r\n`, "latin1");
    return this.#bytes === this.#length ? undefined : tooShort;
  }
}

const lineEnd = Buffer.from("\r\n");
const tooLong: Fault = { status: 400, text: "a body that is longer than its Content-Length" };
const tooShort: Fault = { status: 400, text: "a body that is shorter than its Content-Length" };
