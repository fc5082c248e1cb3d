// What opossum gives again: results while they are fresh, and one call's promise to those who ask meanwhile.
import type { Rules } from "./options.ts";
import type { Ended } from "./run.ts";
import type { Counted } from "./status.ts";

type Told = (counted: Counted, event: string) => void;

/** Both are opossum's own: its stores are given by users, and it gives failures again too. */
export class Caches {
  readonly #rules: Rules;
  readonly #told: Told;

  constructor(rules: Rules, told: Told) {
    this.#rules = rules;
    this.#told = told;
  }

  keyOf(owner: unknown, args: unknown[]): string {
    const { cache, coalesce, cacheGetKey } = this.#rules;
    return cache || coalesce ? cacheGetKey.apply(owner, args) : "";
  }

  kept(key: string): unknown {
    const { cache, cacheTransport } = this.#rules;
    if (!cache) return undefined;
    const found = cacheTransport?.get(key);
    this.#told(found ? "cacheHits" : "cacheMisses", found ? "cacheHit" : "cacheMiss");
    return found;
  }

  /** What was refused is not given again. */
  coalesced(key: string, refused: boolean, work: () => Promise<unknown>): Promise<unknown> {
    const { coalesceCache, coalesceTTL } = this.#rules;
    if (!coalesceCache) return work();
    const running = coalesceCache.get(key);
    if (running) this.#told("coalesceCacheHits", "coalesceCacheHit");
    else this.#told("coalesceCacheMisses", "coalesceCacheMiss");
    if (running) return running as Promise<unknown>;
    const call = work();
    if (!refused) coalesceCache.set(key, call, until(coalesceTTL));
    return call;
  }

  ended({ kind, value }: Ended, key: string): void {
    const { cache, cacheTransport, cacheTTL, coalesceCache, coalesceResetOn } = this.#rules;
    const resetter = kind === "success" || kind === "timeout" ? kind : "error";
    if (coalesceResetOn.includes(resetter)) coalesceCache?.delete(key);
    // A promise, so that a result that is falsy is found too.
    if (kind === "success" && cache)
      cacheTransport?.set(key, Promise.resolve(value), until(cacheTTL));
  }

  clear(): void {
    this.#rules.cacheTransport?.flush();
    this.#rules.coalesceCache?.flush();
  }
}

/** Milliseconds since the epoch, 0 for ever. */
function until(ttl: number): number {
  return ttl > 0 ? Date.now() + ttl : 0;
}
