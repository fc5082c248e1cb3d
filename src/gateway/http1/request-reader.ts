// Cuts what a client sends into heads and bodies: no sockets, so that anything can be fed to it.

import type { RequestHead } from "../relay/messages.ts";
import { Framing } from "./framing.ts";
import type { KnownHeads } from "./known-heads.ts";
import { headOf, type Origin, readSaid, type Said } from "./request.ts";
import { type Fault, faulty, HeadScan, more } from "./scan.ts";

/** Heads of a route's clients. */
export type AskedHeads = KnownHeads<Said>;

export class RequestReader {
  /** Once set nothing more is read: where the next request begins nobody knows. */
  fault: Fault | undefined;
  readonly #origin: Origin;
  readonly #known: AskedHeads | undefined;
  readonly #scan: HeadScan;
  #isInHead = false;
  /** What was fed and not read, from `#at`. */
  #bytes: Buffer | undefined;
  #at = 0;
  #body: Framing | undefined;

  /** @param known of clients under the same limits. */
  constructor(origin: Origin, known?: AskedHeads) {
    this.#origin = origin;
    this.#known = known;
    this.#scan = new HeadScan(origin.limits);
  }

  /** Bytes that were fed and not read. */
  get waitingBytes(): number {
    return this.#bytes === undefined ? 0 : this.#bytes.length - this.#at;
  }

  /** Whether bytes of the present request's body are still to be read. */
  get isInBody(): boolean {
    return this.#body !== undefined && !this.#body.ended;
  }

  feed(chunk: Buffer): void {
    if (this.#bytes === undefined) this.#bytes = chunk;
    else this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** The next head; undefined when it has not come whole, or is at fault. */
  readHead(): RequestHead | undefined {
    const bytes = this.#bytes;
    if (bytes === undefined || this.fault) return undefined;
    const scan = this.#scan;
    // Most heads come alone and whole.
    const isFirst = !this.#isInHead && this.#at === 0;
    const known = isFirst ? this.#known?.find(bytes, bytes.length, bytes.length) : undefined;
    if (known) return this.#begin(known.said, bytes, known.bytes.length);
    if (!this.#isInHead) scan.reset(this.#at);
    this.#isInHead = true;
    const end = scan.run(bytes, bytes.length);
    if (end === more) {
      if (this.#at > 0) {
        // What comes next is joined to what is left, so the scan begins where that will begin.
        this.#bytes = bytes.subarray(this.#at);
        this.#at = 0;
        scan.reset(0);
      }
      return undefined;
    }
    const said = end === faulty ? scan.fault : readSaid(scan, bytes, end, this.#origin);
    if (said === undefined || "status" in said) {
      this.fault = said ?? { status: 400, text: "a head that cannot be read" };
      return undefined;
    }
    if (isFirst && !said.claims) this.#known?.learn(bytes, end, said);
    return this.#begin(said, bytes, end);
  }

  #begin(said: Said, bytes: Buffer, end: number): RequestHead {
    const { framing, length } = said;
    this.#isInHead = false;
    this.#use(bytes, end);
    this.#body = framing === "none" ? undefined : new Framing(framing, length, this.#origin.limits);
    return headOf(said, this.#origin);
  }

  /** The next piece of the body, with its framing; undefined when there is none, or a fault. */
  readBody(): Buffer | undefined {
    const [bytes, body] = [this.#bytes, this.#body];
    if (bytes === undefined || body === undefined || body.ended || this.fault) return undefined;
    const from = this.#at;
    const end = body.take(bytes, from, bytes.length);
    this.fault = body.fault;
    if (this.fault) return undefined;
    this.#use(bytes, end);
    return from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end);
  }

  /** What was read of the next request, or of something else. */
  takeRest(): Buffer | undefined {
    const rest = this.#bytes?.subarray(this.#at);
    this.#bytes = undefined;
    return rest;
  }

  #use(bytes: Buffer, end: number): void {
    this.#at = end;
    if (end === bytes.length) this.#bytes = undefined;
  }
}
