// Opossum's cache in memory: each entry with the moment at which it ends, the oldest given up first.

/** What a cache of one's own offers; `until` is in milliseconds since the epoch, 0 for ever. */
export interface CacheTransport {
  get(key: string): unknown;
  set(key: string, value: unknown, until?: number): unknown;
  flush(): unknown;
}

interface Entry {
  readonly until: number | undefined;
  readonly value: unknown;
}

export class MemoryCache implements CacheTransport {
  readonly cache: Map<string, Entry> = new Map();
  readonly maxEntries: number;

  constructor(maxEntries: number = 2 ** 24 - 1) {
    this.maxEntries = maxEntries;
  }

  get(key: string): unknown {
    const entry = this.cache.get(key);
    if (entry === undefined) return undefined;
    if (entry.until === 0 || (entry.until ?? 0) > Date.now()) return entry.value;
    this.cache.delete(key);
    return undefined;
  }

  set(key: string, value: unknown, until?: number): void {
    if (this.cache.size >= this.maxEntries && this.get(key) === undefined) {
      for (const oldest of this.cache.keys()) {
        this.cache.delete(oldest);
        break;
      }
    }
    this.cache.set(key, { until, value });
  }

  delete(key: string): void {
    this.cache.delete(key);
  }

  flush(): void {
    this.cache.clear();
  }
}
