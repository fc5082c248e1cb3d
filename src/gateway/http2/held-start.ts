// The start of an instance's answer, which waits a moment for its end: what dies till then has not answered.
import { type Clock, turn } from "../../kernel/clock.ts";
import type { Answering } from "../relay/exchange.ts";
import type { ResponseHead } from "../relay/messages.ts";

/** Head, data and end come in frames of their own, and often in reads of their own. */
const heldMs = 10;
/** More than this goes on at once. */
const heldBytes = 16 * 1024;

export class HeldStart {
  #head: ResponseHead | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;

  get waits(): boolean {
    return this.#head !== undefined;
  }

  hold(head: ResponseHead): void {
    this.#head = head;
  }

  /** Whether the piece waits too. */
  holds(piece: Buffer): boolean {
    this.#bytes += piece.length;
    if (this.#head === undefined || this.#bytes > heldBytes) return false;
    this.#pieces.push(piece);
    return true;
  }

  /** Calls `onLate` when a moment has passed and it still waits. */
  async soon(clock: Clock, onLate: () => void): Promise<void> {
    await turn();
    if (this.waits) await clock.sleep(heldMs);
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
