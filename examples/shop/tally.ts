// Counts what became of the customers' requests; latencies go into a histogram with 2 % steps.

/** One request that has ended. */
export interface Ended {
  readonly safe: boolean;
  /** What the customer got: a status, or the error that came in its place. */
  readonly status: number | string;
  readonly latencyMs: number;
  /** A page without its recommendations. */
  readonly degraded: boolean;
}

export interface Snapshot {
  readonly sent: number;
  /** Answered below 500 within the time limit. */
  readonly ok: number;
  /** GETs that ended in a connection error, a timeout or a status of 500 and above. */
  readonly lostIdempotent: number;
  /** The same of POSTs. */
  readonly lostUnsafe: number;
  /** Answered, but after more than a second. */
  readonly slow: number;
  readonly degraded: number;
  /** Checkouts answered with 201. */
  readonly ordered: number;
  readonly inflight: number;
  /** Milliseconds from the customer's arrival to the whole answer, of answered requests. */
  readonly latency: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  /** "ECONNRESET", "timeout", "status 502", … and how often; statuses of 400 to 499 stand here too. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface Tally {
  add(ended: Ended): void;
  snapshot(sent: number): Snapshot;
}

export const SLOW_MS = 1_000;
const LOWEST_MS = 0.1;
const STEP = Math.log(1.02);
const MAX_KINDS = 50;

export function createTally(): Tally {
  const errors: Record<string, number> = {};
  const buckets: number[] = [];
  const count = { ok: 0, lostIdempotent: 0, lostUnsafe: 0, slow: 0, degraded: 0, ordered: 0 };
  let maxMs = 0;

  const note = (kind: string): void => {
    const known = kind in errors || Object.keys(errors).length < MAX_KINDS;
    const key = known ? kind : "other";
    errors[key] = (errors[key] ?? 0) + 1;
  };

  const quantile = (share: number): number => {
    let left = Math.ceil(share * count.ok);
    for (const [bucket, n = 0] of buckets.entries()) {
      left -= n;
      if (n > 0 && left <= 0) return Math.min(maxMs, round(LOWEST_MS * Math.exp(bucket * STEP)));
    }
    return 0;
  };

  return {
    add: ({ safe, status, latencyMs, degraded }) => {
      if (typeof status === "string" || status >= 400) {
        note(typeof status === "string" ? status : `status ${status}`);
      }
      if (typeof status === "string" || status >= 500) {
        count[safe ? "lostIdempotent" : "lostUnsafe"]++;
        return;
      }
      count.ok++;
      if (!safe && status === 201) count.ordered++;
      if (degraded) count.degraded++;
      if (latencyMs > SLOW_MS) count.slow++;
      maxMs = Math.max(maxMs, round(latencyMs));
      const bucket = Math.max(0, Math.ceil(Math.log(latencyMs / LOWEST_MS) / STEP));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    },
    snapshot: (sent) => ({
      sent,
      ...count,
      inflight: sent - count.ok - count.lostIdempotent - count.lostUnsafe,
      latency: {
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: maxMs,
      },
      errors: { ...errors },
    }),
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
