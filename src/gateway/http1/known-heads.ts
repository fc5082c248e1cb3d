// Heads that come again byte for byte: what was read of one holds for each of them.

/** A power of two: by its mark each head has one place. */
const places = 256;
/** A longer one is read each time. */
const sizeMax = 2_048;
/** So many bytes of a head make its mark. */
const probes = 16;
/** After so many in a row that were not known, they are looked for only now and then. */
const patience = 64;
/** One of so many: heads that never come again would cost more than those that do would save. */
const seldom = 16;

interface Known<T> {
  readonly bytes: Uint8Array;
  readonly said: T;
}

/**
 * A mark is only a guess at where a head stands: one is known when all of its bytes are the same. It
 * ends with its empty line, so what follows does not matter.
 */
export class KnownHeads<T> {
  readonly #known: (Known<T> | undefined)[] = new Array<undefined>(places).fill(undefined);
  /** Of what was looked for last. */
  #place = 0;
  #isSought = false;
  /** Those in a row that were not known. */
  #strange = 0;
  /** Those that found their place taken. */
  #late = 0;

  /**
   * The head that these bytes begin with.
   * @param end of the bytes
   * @param span how many of them tell the heads apart
   */
  find(bytes: Buffer, end: number, span: number): Known<T> | undefined {
    this.#strange++;
    this.#isSought = this.#strange < patience || this.#strange % seldom === 0;
    if (!this.#isSought) return undefined;
    this.#place = markOf(bytes, span) & (places - 1);
    const known = this.#known[this.#place];
    const size = known?.bytes.length ?? 0;
    if (known === undefined || size > end) return undefined;
    const isSame =
      size === bytes.length
        ? bytes.equals(known.bytes)
        : bytes.compare(known.bytes, 0, size, 0, size) === 0;
    if (!isSame) return undefined;
    this.#strange = 0;
    return known;
  }

  /** These bytes, looked for right before, are up to `end` a whole head that says `said`. */
  learn(bytes: Buffer, end: number, said: T): void {
    if (!this.#isSought || end > sizeMax) return;
    const isTaken = this.#known[this.#place] !== undefined;
    if (isTaken && ++this.#late % seldom !== 0) return;
    this.#known[this.#place] = { bytes: Uint8Array.prototype.slice.call(bytes, 0, end), said };
  }
}

function markOf(bytes: Uint8Array, span: number): number {
  const stride = Math.max(1, Math.trunc(span / probes));
  let mark = span;
  for (let at = stride - 1; at < span; at += stride) {
    mark = Math.imul(mark ^ (bytes[at] ?? 0), 0x5bd1e995) ^ (mark >>> 13);
  }
  return mark ^ (mark >>> 16);
}
