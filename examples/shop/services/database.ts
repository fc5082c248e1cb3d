// Opens a SQLite file that several processes share.
import { DatabaseSync } from "node:sqlite";

/** How long a statement waits for another process's write. */
const BUSY_MS = 2_000;

/**
 * WAL lets readers go on during a write. `synchronous=NORMAL` keeps every commit through a kill -9;
 * only a power cut can take the last ones, and a shop window need not pay a disk flush for that.
 */
export function openDatabase(file: string, schema: (db: DatabaseSync) => void): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  inTransaction(db, () => schema(db));
  return db;
}

/** Takes the write lock first, so that no work is done that a later lock could refuse. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
