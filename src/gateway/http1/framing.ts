// Where a body ends: by its length, by its chunks, with the connection, or at once.

import type { Limits } from "../relay/limits.ts";
import type { FramingKind } from "../relay/messages.ts";
import { ChunkReader } from "./chunks.ts";

export class Framing {
  readonly kind: FramingKind;
  ended: boolean;
  /** Bytes that are still to come of a body with a length. */
  left: number;
  readonly chunks: ChunkReader | undefined;

  constructor(kind: FramingKind, length: number, limits: Limits) {
    this.kind = kind;
    this.left = length;
    this.ended = kind === "none" || (kind === "length" && length === 0);
    this.chunks = kind === "chunked" ? new ChunkReader(limits) : undefined;
  }

  /**
   * Takes what belongs to the body of the bytes from `at` to `end`; the place after it. After that
   * `ended` may be true, or `fault` be set.
   */
  take(bytes: Uint8Array, at: number, end: number): number {
    if (this.ended) return at;
    if (this.kind === "close") return end;
    if (this.chunks) {
      const next = this.chunks.take(bytes, at, end);
      this.ended = this.chunks.ended;
      return next;
    }
    const size = Math.min(this.left, end - at);
    this.left -= size;
    this.ended = this.left === 0;
    return at + size;
  }

  get fault(): { readonly status: number; readonly text: string } | undefined {
    return this.chunks?.fault;
  }
}
