// One SQLite file of the store: made whole or not at all, looked at before it is trusted.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { HomeostatError } from "../kernel/errors.ts";
import { closed } from "./order.ts";
import { corrupt, isCannotOpen, isIoError, storeError } from "./sqlite-error.ts";

/** What sets one of the store's files apart from any other SQLite file. */
export interface FileKind {
  readonly file: string;
  readonly applicationId: number;
  readonly schemaVersion: number;
  readonly schema: string;
  /** Files beside it that are there only after this one was: with them it is never made anew. */
  readonly traces: readonly string[];
  /** FULL: a commit survives a power loss. NORMAL: it survives the end of the process. */
  readonly synchronous: "FULL" | "NORMAL";
}

export interface Place {
  readonly folder: string;
  readonly project: string;
  readonly readOnly: boolean;
}

/** An open file; every use goes through `run`, `put` or `write`, which turn failures into our errors. */
export interface DatabaseFile {
  readonly path: string;
  readonly db: DatabaseSync;
  run<T>(work: () => T): T;
  /** Runs `work`, which is one statement: a transaction of its own for a third of the cost. */
  put(work: () => void): void;
  /** Runs `work` in one transaction: all of it is kept, or none. */
  write(work: () => void): void;
  close(): void;
}

/**
 * Larger files are not checked page by page at the start: it takes about 1 ms per MiB, and what runs
 * waits to be taken over. Each row has a checksum of its own, which is looked at when it is read.
 */
const checkedBytes = 4 * 1024 ** 2;
/** How long another program (a backup, the sqlite3 shell) may keep the file locked. */
const busyMs = 1_000;

/**
 * Opens the file, making it when it is absent. A file that is refused is left as it was.
 * @throws JOURNAL_CORRUPT, JOURNAL_NEWER, JOURNAL_UNUSABLE
 */
export function openFile(kind: FileKind, place: Place): DatabaseFile {
  const path = join(place.folder, kind.file);
  try {
    if (!existsSync(path)) make(kind, place, path);
    if (statSync(path).size === 0) throw corrupt(path, "the file is empty (0 bytes)");
    // A read-only connection never moves the write-ahead log into the file, not even at its end.
    const looked = openForReading(path);
    try {
      inspect(looked, kind, place.project, path);
    } catch (error) {
      looked.close();
      throw error;
    }
    if (place.readOnly) return handle(looked, path);
    looked.close();
    return handle(openForWriting(kind, path), path);
  } catch (error) {
    throw storeError(error, path);
  }
}

/** Made beside and renamed, so that a file of this name is whole whenever the power goes. */
function make(kind: FileKind, place: Place, path: string): void {
  if (place.readOnly)
    throw new HomeostatError("JOURNAL_UNUSABLE", `${path}: there is no such file`);
  const trace = kind.traces.find((name) => existsSync(join(place.folder, name)));
  if (trace !== undefined) throw corrupt(path, `the file is gone, but its ${trace} is there`);
  const draft = `${path}.new`;
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(draft + end, { force: true });
  closeSync(openSync(draft, "wx", 0o600));
  const db = new DatabaseSync(draft);
  try {
    db.exec(`PRAGMA synchronous = FULL; BEGIN; ${kind.schema};
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      PRAGMA application_id = ${kind.applicationId};
      PRAGMA user_version = ${kind.schemaVersion}`);
    db.prepare("INSERT INTO meta VALUES ('project', ?)").run(place.project);
    db.exec("COMMIT; PRAGMA journal_mode = WAL");
  } finally {
    db.close();
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    pragma(db, "schema_version");
    return db;
  } catch (error) {
    db.close();
    // On a read-only disk the index of the log cannot be made; without a log none is needed.
    if (!isCannotOpen(error) || existsSync(`${path}-wal`)) throw error;
    return new DatabaseSync(`${pathToFileURL(path)}?immutable=1`, { readOnly: true });
  }
}

function inspect(db: DatabaseSync, kind: FileKind, project: string, path: string): void {
  db.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA trusted_schema = OFF`);
  const id = pragma(db, "application_id");
  if (id !== kind.applicationId) {
    const name = basename(path);
    throw corrupt(path, `not a Homeostat ${name}: application id ${id}, not ${kind.applicationId}`);
  }
  const version = Number(pragma(db, "user_version"));
  if (version > kind.schemaVersion) {
    const message = `${path}: schema version ${version}; this Homeostat reads up to ${kind.schemaVersion}`;
    throw new HomeostatError("JOURNAL_NEWER", message);
  }
  if (version !== kind.schemaVersion) {
    throw corrupt(path, `schema version ${version}, which no Homeostat has written`);
  }
  if (Number(pragma(db, "page_count")) * Number(pragma(db, "page_size")) <= checkedBytes) {
    const found = pragma(db, "quick_check(1)");
    if (found !== "ok") throw corrupt(path, `quick_check found:${oneLine(String(found))}`);
  }
  const owner = db.prepare("SELECT value FROM meta WHERE key = 'project'").get()?.value;
  if (owner !== project) {
    throw corrupt(path, `it belongs to the project "${owner}", not to "${project}"`);
  }
}

const oneLine = (found: string): string =>
  found.replace("*** in database main ***", "").replaceAll(/\s+/g, " ");

function openForWriting(kind: FileKind, path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON; PRAGMA synchronous = ${kind.synchronous};
      PRAGMA journal_size_limit = 16777216`);
    const mode = pragma(db, "journal_mode = WAL");
    if (mode !== "wal") {
      const message = `${path}: no write-ahead log is possible here (journal_mode ${mode})`;
      throw new HomeostatError("JOURNAL_UNUSABLE", message);
    }
    // A folder that went read-only is told now, not at the first event.
    db.exec("BEGIN IMMEDIATE; ROLLBACK");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The first value that a pragma answers with. */
export function pragma(db: DatabaseSync, text: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${text}`).get() ?? {})[0];
}

function handle(db: DatabaseSync, path: string): DatabaseFile {
  let open = true;
  let broken: HomeostatError | undefined;
  const run = <T>(work: () => T): T => {
    if (!open) throw closed("sqlite");
    try {
      return work();
    } catch (error) {
      throw storeError(error, path);
    }
  };
  const put = (work: () => void): void =>
    run(() => {
      if (broken) throw broken;
      try {
        work();
      } catch (error) {
        rollback(db);
        // A failed fsync may "succeed" when repeated although the data is lost.
        const failure = storeError(error, path);
        if (isIoError(error)) broken = failure;
        throw failure;
      }
    });
  const write = (work: () => void): void =>
    put(() => {
      db.exec("BEGIN IMMEDIATE");
      work();
      db.exec("COMMIT");
    });
  const close = (): void => {
    if (!open) return;
    open = false;
    db.close();
  };
  return { path, db, run, put, write, close };
}

function rollback(db: DatabaseSync): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // SQLite has ended the transaction by itself; the failure that made it do so is the one to tell.
  }
}
