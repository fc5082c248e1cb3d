// The body of a client's request: goes to an instance as it comes, and is kept while small enough.

/** Who takes the pieces: a connection to an instance. */
export interface Taker {
  /** Whether it takes more now; it calls `ask` when it does again. */
  take(piece: Buffer): boolean;
  /** The last piece was given. */
  takeEnd(): void;
}

/** So much of a body is kept for another instance. */
export const keepBytes: number = 64 * 1024;

export class RequestBody {
  /** Whether the client has sent all of it. */
  ended = false;
  readonly #keepBytes: number;
  readonly #ask: () => void;
  /** Kept or not yet given; those before `#counted` have been given once. */
  #pieces: Buffer[] = [];
  #counted = 0;
  #passedBytes = 0;
  #taker: Taker | undefined;
  #isFull = false;

  /** `ask` is called when somebody wants the next piece; it may be called again before it comes. */
  constructor(keepBytes: number, ask: () => void) {
    this.#keepBytes = keepBytes;
    this.#ask = ask;
  }

  /** Whether all that was passed on so far is kept, so that another instance can have it again. */
  get repeatable(): boolean {
    return this.#passedBytes <= this.#keepBytes;
  }

  /** Whether the client is what is waited for. */
  get waitsForClient(): boolean {
    return !this.ended && this.#taker !== undefined && !this.#isFull;
  }

  /** A piece from the client; whether it may send the next one. */
  push(piece: Buffer): boolean {
    if (this.#taker === undefined) {
      this.#pieces.push(piece);
      return false;
    }
    this.#passedBytes += piece.length;
    this.#pieces.push(piece);
    this.#counted++;
    this.#forgetTooLarge();
    this.#isFull = !this.#taker.take(piece);
    return !this.#isFull;
  }

  /** The client has sent all. */
  end(): void {
    this.ended = true;
    this.#taker?.takeEnd();
  }

  /** Gives what there is to `taker`, and from then on what comes. */
  giveTo(taker: Taker): void {
    this.#taker = taker;
    this.#isFull = false;
    const pieces = this.#pieces;
    for (const [i, piece] of pieces.entries()) {
      if (i >= this.#counted) this.#passedBytes += piece.length;
      if (!taker.take(piece)) this.#isFull = true;
    }
    this.#counted = pieces.length;
    this.#forgetTooLarge();
    if (this.ended) taker.takeEnd();
    else if (!this.#isFull) this.#ask();
  }

  /** The taker takes again. */
  goOn(): void {
    this.#isFull = false;
    if (!this.ended) this.#ask();
  }

  /** Takes the body away from whoever has it. */
  stop(): void {
    this.#taker = undefined;
  }

  #forgetTooLarge(): void {
    if (this.repeatable) return;
    this.#pieces = [];
    this.#counted = 0;
  }
}
