// Reads chunked framing byte by byte and strictly. Source: RFC 9112 section 7.1.

import type { Limits } from "../relay/limits.ts";
import {
  colon,
  cr,
  hexValues,
  lf,
  semicolon,
  space,
  tab,
  tokenBytes,
  valueBytes,
} from "./bytes.ts";
import type { Fault } from "./scan.ts";

type ChunkLimits = Pick<
  Limits,
  "bodyBytes" | "chunkExtensionBytes" | "chunkExtensionsBytes" | "trailerBytes"
>;

type State =
  | "size"
  | "extension"
  | "sizeLf"
  | "data"
  | "dataCr"
  | "dataLf"
  | "line"
  | "name"
  | "value"
  | "lineLf"
  | "lastLf";

/** An instance that adds trailers to the fields would read the message anew. */
export const notInTrailers: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"],
]);

/** So many digits, zeros in front included, and the number is exact. */
const digitsMax = 13;

export class ChunkReader {
  ended = false;
  fault: Fault | undefined;
  /** Filled with the places of the data, start and end in turn, when somebody wants it unframed. */
  data: number[] | undefined;
  /** The lines of the trailers, kept with `data`. */
  trailers = "";
  readonly #limits: ChunkLimits;
  #state: State = "size";
  #digits = 0;
  /** Of the chunk: its size, then what is still to come. */
  #left = 0;
  #bodyBytes = 0;
  #extensionBytes = 0;
  #extensionsBytes = 0;
  #trailerBytes = 0;
  /** Of the trailer that is being read. */
  #name = "";

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  /** The place after what belongs to the body; with a fault, where it is. */
  take(bytes: Uint8Array, at: number, end: number): number {
    while (at < end && !this.ended && this.fault === undefined) {
      if (this.#state === "data") at = this.#takeData(at, end);
      else if (this.#step(bytes[at] ?? 0)) at++;
    }
    return at;
  }

  #takeData(at: number, end: number): number {
    const size = Math.min(this.#left, end - at);
    this.data?.push(at, at + size);
    this.#left -= size;
    if (this.#left === 0) this.#state = "dataCr";
    return at + size;
  }

  /** One byte of framing; whether it was in order. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case "size":
        return this.#stepSize(byte);
      case "extension":
        return this.#stepExtension(byte);
      case "sizeLf":
        return byte === lf ? this.#beginChunk() : this.#refuse("a bare CR in a chunk's size line");
      case "dataCr":
        return this.#expect(byte, cr, "dataLf", "a chunk that is longer than its size");
      case "dataLf":
        return this.#expect(byte, lf, "size", "a bare CR after a chunk");
      case "lastLf":
        this.ended = byte === lf;
        return this.ended || this.#refuse("a bare CR after the trailers");
      default:
        return this.#stepTrailer(byte);
    }
  }

  #stepSize(byte: number): boolean {
    const value = hexValues[byte] ?? 255;
    if (value < 16) {
      this.#left = this.#left * 16 + value;
      return ++this.#digits <= digitsMax || this.#refuse("a chunk's size with too many digits");
    }
    if (this.#digits === 0) return this.#refuse("a chunk without a size");
    if (byte === cr) this.#state = "sizeLf";
    else if (byte === semicolon) this.#state = "extension";
    else return this.#refuse("a chunk's size that is no number");
    return true;
  }

  #stepExtension(byte: number): boolean {
    if (byte === cr) {
      this.#state = "sizeLf";
      return true;
    }
    if (valueBytes[byte] !== 1) return this.#refuse("a control byte in a chunk's extension");
    const { chunkExtensionBytes, chunkExtensionsBytes } = this.#limits;
    if (++this.#extensionBytes > chunkExtensionBytes) {
      return this.#refuse("a chunk's extension that is too long");
    }
    if (++this.#extensionsBytes > chunkExtensionsBytes) {
      return this.#refuse("chunk extensions that are too long together");
    }
    return true;
  }

  #beginChunk(): boolean {
    this.#bodyBytes += this.#left;
    if (this.#bodyBytes > this.#limits.bodyBytes) return this.#refuse("the body is too large", 413);
    this.#state = this.#left === 0 ? "line" : "data";
    this.#digits = 0;
    this.#extensionBytes = 0;
    return true;
  }

  #stepTrailer(byte: number): boolean {
    if (++this.#trailerBytes > this.#limits.trailerBytes) {
      return this.#refuse("the trailers are too large", 431);
    }
    const endsThem = this.#state === "line" && byte === cr;
    if (this.data && !endsThem) this.trailers += String.fromCharCode(byte);
    switch (this.#state) {
      case "line":
        if (byte === cr) this.#state = "lastLf";
        else if (tokenBytes[byte] !== 1) return this.#refuse(foldedOrBad(byte));
        else {
          this.#name = String.fromCharCode(byte);
          this.#state = "name";
        }
        return true;
      case "name":
        return this.#stepName(byte);
      case "value":
        if (byte === cr) this.#state = "lineLf";
        else if (valueBytes[byte] !== 1) return this.#refuse("a control byte in the trailers");
        return true;
      default:
        return this.#expect(byte, lf, "line", "a bare CR in the trailers");
    }
  }

  #stepName(byte: number): boolean {
    if (byte === colon) {
      this.#state = "value";
      const name = this.#name.toLowerCase();
      return !notInTrailers.has(name) || this.#refuse(`the field ${name} in the trailers`);
    }
    this.#name += String.fromCharCode(byte);
    return tokenBytes[byte] === 1 || this.#refuse("a bad name in the trailers");
  }

  #expect(byte: number, wanted: number, next: State, otherwise: string): boolean {
    if (byte !== wanted) return this.#refuse(otherwise);
    this.#state = next;
    return true;
  }

  #refuse(text: string, status = 400): false {
    this.fault = { status, text };
    return false;
  }
}

function foldedOrBad(byte: number): string {
  return byte === space || byte === tab
    ? "a folded line in the trailers"
    : "a bad name in the trailers";
}
