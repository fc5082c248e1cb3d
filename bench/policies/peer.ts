// What the bench must know of another library, and the loops that each is run through.
import { caught, fails, type Loop, once, times, work } from "./loops.ts";

/** How a peer runs work behind its policies. */
export type Run = (
  work: (context?: unknown) => Promise<unknown>,
  signal?: AbortSignal,
) => Promise<unknown>;

export interface PeerLoop {
  /** In one round; fewer where a call costs much. */
  readonly calls: number;
  readonly loop: Loop;
}

export interface Peer {
  /** As in bench/package.json. */
  readonly packages: readonly string[];
  /** Retry around breaker around timeout, set as ours: 2 repeats, half failed of 20 in 10 s, 800 ms. */
  readonly composed: Run;
  readonly newBreaker: () => Run;
  readonly newTimeout: (ms: number) => Run;
  /** Named as our own loops that they stand beside. */
  readonly loops: Readonly<Record<string, PeerLoop>>;
}

const shared = new AbortController();

export const measured = (loop: Loop, calls = 1_000): PeerLoop => ({ calls, loop });
export const through = (run: Run): PeerLoop => measured((n) => times(n, () => run(work)));
export const failing = (run: Run): PeerLoop => measured((n) => caught(n, () => run(fails)), 100);
export const refused = (run: Run): PeerLoop => measured((n) => caught(n, () => run(work)));
export const shares = (run: Run): PeerLoop =>
  measured((n) => times(n, () => run(work, shared.signal)));
export const fresh = (run: Run): PeerLoop =>
  measured((n) => times(n, () => run(work, new AbortController().signal)));

/** A hundred at once: cockatiel and mollitia wait for a timer of 0 ms, which is no CPU of theirs. */
export const failsOnce = (run: Run): PeerLoop =>
  measured(async (n) => {
    for (let done = 0; done < n; done += 100) {
      await Promise.all(Array.from({ length: 100 }, () => run(once())));
    }
  }, 500);
