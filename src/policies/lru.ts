// A map with a limit: what was used longest ago is given up first, at the price of a few pointers.

/** An entry is its own place in the order, so that using it allocates and hashes nothing more. */
export interface Linked<Entry> {
  readonly key: string;
  newer: Entry | undefined;
  older: Entry | undefined;
}

export class Lru<Entry extends Linked<Entry>> {
  /** The most entries it keeps; may be lowered, which tells with the next `add`. */
  max: number;
  readonly #entries = new Map<string, Entry>();
  #newest: Entry | undefined;
  #oldest: Entry | undefined;

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): Entry | undefined {
    return this.#oldest;
  }

  /** Makes it the newest. */
  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry;
  }

  /** As `get`, but it keeps its place. */
  peek(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Takes in an entry of a key that is not there yet; calls `gone` with each that it gives up. */
  add(entry: Entry, gone?: (entry: Entry) => void): void {
    this.#entries.set(entry.key, entry);
    this.#link(entry);
    while (this.#oldest && this.#entries.size > this.max) {
      const oldest = this.#oldest;
      this.delete(oldest);
      gone?.(oldest);
    }
  }

  /** An entry that is not there is left alone. */
  delete(entry: Entry): void {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    this.#unlink(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = undefined;
    this.#oldest = undefined;
  }

  /** In no order that means anything. */
  values(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  #link(entry: Entry): void {
    const newest = this.#newest;
    entry.older = newest;
    entry.newer = undefined;
    if (newest) newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    const { newer, older } = entry;
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    entry.newer = undefined;
    entry.older = undefined;
  }
}
