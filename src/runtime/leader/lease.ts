// The contract of a lease: the right to lead, given for a while to one holder, with a fencing token.

/** `token` when it was given; else who has it, as far as the store tells. */
export type Acquired =
  | { readonly token: number }
  | {
      readonly heldBy?: string;
      /** Milliseconds until it runs out, by the store's clock. */
      readonly untilMs?: number;
    };

/**
 * One thing that is lent to one holder at a time. All times are counted by the store's own clock from
 * when it decides, so that a holder may count from when it asked. A call rejects when the store
 * cannot be reached or `signal` has aborted; whether it took effect is then not known.
 *
 * The fencing token is a whole number that is greater for each time the lease was given. It goes with
 * every write of the holder, and what is written to refuses one that is less than the greatest seen.
 */
export interface Lease {
  /** What is lent: a key, a row, a file. */
  readonly name: string;
  /**
   * Given when nobody has it, and to who has it already: whoever lost the answer asks again, and gets
   * a new token with which the earlier one ends. So no two may share a `holder`.
   */
  acquire(holder: string, ttlMs: number, signal: AbortSignal): Promise<Acquired>;
  /** False, and never again true, when it has run out or was given to somebody else. */
  renew(holder: string, token: number, ttlMs: number, signal: AbortSignal): Promise<boolean>;
  /** Frees it at once; nothing when it is not held so any more. */
  release(holder: string, token: number): Promise<void>;
}
