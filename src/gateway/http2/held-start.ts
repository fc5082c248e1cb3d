// The start of an instance's answer, which waits a moment for its end: what dies till then has not answered.
import { type Clock, turn } from "../../kernel/clock.ts";
import type { Answering } from "../relay/exchange.ts";
import type { ResponseHead } from "../relay/messages.ts";

/** Head, data and end come in frames of their own, and often in reads of their own. */
const heldMs = 50;
/** More than this goes on at once. */
const heldBytes = 16 * 1024;

export class HeldStart {
  #head: ResponseHead | undefined;
  #length: number | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;

  get waits(): boolean {
    return this.#head !== undefined;
  }

  /** Whether as many bytes have come as were said: then only the word of its end is missing. */
  get isWhole(): boolean {
    return this.#bytes === this.#length;
  }

  hold(head: ResponseHead): void {
    this.#head = head;
    this.#length = head.framing === "length" ? head.length : undefined;
  }

  /** Whether the piece waits too. */
  holds(piece: Buffer): boolean {
    this.#bytes += piece.length;
    if (this.#head === undefined || this.#bytes > heldBytes) return false;
    this.#pieces.push(piece);
    return true;
  }

  /**
   * Calls `onLate` when it still waits: after a moment if the request could be repeated, else as
   * soon as what came with it is read.
   */
  async soon(clock: Clock, method: string, onLate: () => void): Promise<void> {
    await turn();
    if (this.waits && method !== "POST" && method !== "PATCH") await clock.sleep(heldMs);
    if (this.waits) onLate();
  }

  show(to: Answering): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#head = undefined;
    to.begin(head);
    for (const piece of this.#pieces.splice(0)) to.piece(piece, 0, piece.length, undefined);
  }
}
