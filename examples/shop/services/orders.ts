// The queue of orders in SQLite: placed by web, claimed under a lease and shipped once by a worker.
import { join } from "node:path";
import { inTransaction, openDatabase } from "./database.ts";

/** After this time a claimed job is free again: its worker died or hangs. */
export const LEASE_MS = 5_000;

export interface Order {
  readonly items: readonly { readonly id: number; readonly qty: number }[];
  readonly totalCents: number;
  readonly paymentId: string;
}

export interface Job {
  readonly id: number;
  /** Above 1 when an earlier worker did not finish it. */
  readonly attempts: number;
}

export interface Orders {
  /** The number of the new order. */
  place(order: Order, now: number): number;
  /** The oldest job that is free, now held by `worker` for the lease. */
  claim(worker: string, now: number): Job | undefined;
  /** False when the job is no longer held by `worker`: then it did not ship. */
  ship(job: Job, worker: string, now: number): boolean;
  /** Jobs that nobody holds, and since when the oldest of them waits. */
  waiting(now: number): { count: number; since: number };
  counts(now: number): { waiting: number; claimed: number; done: number; shipments: number };
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    items TEXT NOT NULL,
    total_cents INTEGER NOT NULL,
    payment_id TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    claimed_by TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    done_at INTEGER
  );
  CREATE INDEX IF NOT EXISTS open_jobs ON queue (id, lease_until) WHERE done_at IS NULL;
  CREATE TABLE IF NOT EXISTS shipments (
    order_id INTEGER PRIMARY KEY REFERENCES queue (id),
    shipped_by TEXT NOT NULL,
    shipped_at INTEGER NOT NULL
  );`;

/** Opens `orders.db` in the state folder; times are milliseconds since 1970, given by the caller. */
export function openOrders(state: string): Orders {
  const db = openDatabase(join(state, "orders.db"), (db) => db.exec(schema));
  const place = db.prepare(
    "INSERT INTO queue (items, total_cents, payment_id, placed_at) VALUES (?, ?, ?, ?)",
  );
  const claim = db.prepare(
    `UPDATE queue SET claimed_by = ?, lease_until = ?, attempts = attempts + 1
     WHERE id = (
       SELECT id FROM queue WHERE done_at IS NULL AND lease_until <= ? ORDER BY id LIMIT 1
     ) RETURNING id, attempts`,
  );
  const finish = db.prepare(
    "UPDATE queue SET done_at = ? WHERE id = ? AND claimed_by = ? AND done_at IS NULL",
  );
  const shipment = db.prepare("INSERT INTO shipments VALUES (?, ?, ?)");
  const waiting = db.prepare(
    `SELECT count(*) AS count, coalesce(min(max(placed_at, lease_until)), 0) AS since
     FROM queue WHERE done_at IS NULL AND lease_until <= ?`,
  );
  const claimed = db.prepare(
    "SELECT count(*) AS claimed FROM queue WHERE done_at IS NULL AND lease_until > ?",
  );
  const totals = db.prepare(
    `SELECT (SELECT count(*) FROM queue WHERE done_at IS NOT NULL) AS done,
            (SELECT count(*) FROM shipments) AS shipments`,
  );

  const waitingAt = (now: number) => ({ ...waiting.get(now) }) as { count: number; since: number };
  return {
    place: ({ items, totalCents, paymentId }, now) =>
      Number(place.run(JSON.stringify(items), totalCents, paymentId, now).lastInsertRowid),
    claim: (worker, now) => claim.get(worker, now + LEASE_MS, now) as Job | undefined,
    ship: (job, worker, now) =>
      inTransaction(db, () => {
        if (finish.run(now, job.id, worker).changes !== 1) return false;
        shipment.run(job.id, worker, now);
        return true;
      }),
    waiting: waitingAt,
    counts: (now) => ({
      waiting: waitingAt(now).count,
      ...(claimed.get(now) as { claimed: number }),
      ...(totals.get() as { done: number; shipments: number }),
    }),
    close: () => db.close(),
  };
}
