// Cuts what an instance sends into the head and the body of one answer: no sockets here either.
import type { Answering } from "../relay/exchange.ts";
import type { Limits } from "../relay/limits.ts";
import type { ResponseHead } from "../relay/messages.ts";
import { Framing } from "./framing.ts";
import type { KnownHeads } from "./known-heads.ts";
import { readResponse } from "./response.ts";
import { faulty, HeadScan, more } from "./scan.ts";

/** A body follows in the same bytes, and of two answers with the same head it may be another one. */
const markedBytes = 128;

export class ResponseReader {
  /** Why what came is no answer. */
  garbled: string | undefined;
  /** Whether a byte of the answer has come. */
  hasBytes = false;
  body: Framing | undefined;
  readonly #limits: Limits;
  readonly #known: KnownHeads<ResponseHead> | undefined;
  readonly #scan: HeadScan;
  #method = "";
  #interims = 0;
  #bytes: Buffer | undefined;
  #at = 0;
  #end = 0;
  #isBorrowed = false;
  #isInHead = false;

  /** @param known heads of answers under the same limits. */
  constructor(limits: Limits, known?: KnownHeads<ResponseHead>) {
    this.#limits = limits;
    this.#known = known;
    this.#scan = new HeadScan(limits);
  }

  /** Begins the answer to a request with this method. */
  reset(method: string): void {
    this.garbled = undefined;
    this.hasBytes = false;
    this.body = undefined;
    this.#method = method;
    this.#interims = 0;
    this.#bytes = undefined;
    this.#isInHead = false;
  }

  /** Bytes that were fed and not read. */
  get waitingBytes(): number {
    return this.#bytes === undefined ? 0 : this.#end - this.#at;
  }

  /** Reads the first `end` of `bytes`, which are lent until `keep` is called. */
  feed(bytes: Buffer, end: number): void {
    this.hasBytes = true;
    this.#isBorrowed = this.#bytes === undefined;
    if (this.#bytes === undefined) {
      this.#bytes = bytes;
      this.#end = end;
    } else {
      const before = this.#bytes.subarray(this.#at, this.#end);
      this.#bytes = Buffer.concat([before, bytes.subarray(0, end)]);
      this.#end = this.#bytes.length;
    }
    this.#at = 0;
  }

  /** What was not read is copied: the bytes that were lent are taken back. */
  keep(): void {
    if (this.#bytes === undefined || !this.#isBorrowed) return;
    this.#bytes = Buffer.from(this.#bytes.subarray(0, this.#end));
    this.#isBorrowed = false;
  }

  /** The next head, of 1xx or the one that counts; undefined when it is not whole, or garbled. */
  readHead(): ResponseHead | undefined {
    const bytes = this.#bytes;
    if (bytes === undefined || this.garbled !== undefined || this.body) return undefined;
    // Of an answer to HEAD the same bytes mean another end.
    const isFirst = !this.#isInHead && this.#at === 0 && this.#method !== "HEAD";
    const span = Math.min(this.#end, markedBytes);
    const known = isFirst ? this.#known?.find(bytes, this.#end, span) : undefined;
    if (known) return this.#begin(known.said, known.bytes.length);
    if (!this.#isInHead) this.#scan.reset(this.#at);
    this.#isInHead = true;
    const end = this.#scan.run(bytes, this.#end);
    if (end === more) {
      if (this.#at > 0) {
        this.#bytes = bytes.subarray(this.#at, this.#end);
        this.#end -= this.#at;
        this.#at = 0;
        this.#scan.reset(0);
      }
      return undefined;
    }
    if (end === faulty) return this.#refuse(this.#scan.fault?.text ?? "a head that cannot be read");
    const head = readResponse(this.#scan, bytes, end, this.#method);
    if ("garbled" in head) return this.#refuse(head.garbled);
    if (isFirst) this.#known?.learn(bytes, end, head);
    return this.#begin(head, end);
  }

  #begin(head: ResponseHead, end: number): ResponseHead | undefined {
    this.#isInHead = false;
    this.#at = end;
    if (end === this.#end) this.#bytes = undefined;
    if (head.status >= 200) this.body = new Framing(head.framing, head.length, this.#limits);
    else if (++this.#interims > this.#limits.interims) {
      return this.#refuse("too many answers before the answer");
    }
    return head;
  }

  /** Hands the next piece of the body over, with the places of its data if chunks are taken apart. */
  readBody(to: Pick<Answering, "piece">): void {
    const bytes = this.#bytes;
    const body = this.body;
    const at = this.#at;
    if (bytes === undefined || body === undefined || body.ended) return;
    const data = body.chunks?.data;
    if (data) data.length = 0;
    const end = body.take(bytes, at, this.#end);
    if (body.fault) {
      this.garbled = body.fault.text;
      return;
    }
    this.#at = end;
    if (end === this.#end) this.#bytes = undefined;
    if (end > at) to.piece(bytes, at, end, data);
  }

  /** What came after the head. */
  takeRest(): Buffer | undefined {
    const rest = this.#bytes && Buffer.from(this.#bytes.subarray(this.#at, this.#end));
    this.#bytes = undefined;
    return rest;
  }

  #refuse(text: string): undefined {
    this.garbled = text;
  }
}
