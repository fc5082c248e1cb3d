// One writer per folder: a lock that the kernel lets go of whenever and however its holder ends.
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HomeostatError } from "../kernel/errors.ts";
import { isBusy, storeError } from "./sqlite-error.ts";

/**
 * Takes the folder for this process and returns what gives it back.
 *
 * The lock is an exclusive transaction on an empty SQLite file, thus a POSIX record lock. Never
 * open `writer.lock` by other means: closing any descriptor of it in this process frees the lock.
 * @throws DAEMON_RUNNING when a living process holds it, JOURNAL_UNUSABLE, JOURNAL_CORRUPT
 */
export function takeWriterLock(folder: string): () => void {
  const lockPath = join(folder, "writer.lock");
  const pidPath = join(folder, "writer.pid");
  createOnce(lockPath);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(lockPath);
    // Nothing is ever written to the file, so its rollback journal need not be a file.
    db.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    db?.close();
    throw isBusy(error) ? taken(folder, pidPath) : storeError(error, lockPath);
  }
  const held = db;
  return () => {
    rmSync(pidPath, { force: true });
    held.close();
  };
}

function createOnce(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!exists) throw storeError(error, path);
  }
}

function taken(folder: string, pidPath: string): HomeostatError {
  const pid = readPid(pidPath);
  const who = pid === undefined ? "a process" : `the process ${pid}`;
  const message = `${who} already writes to ${folder}`;
  return new HomeostatError("DAEMON_RUNNING", message, { details: { folder, pid } });
}

/** The pid is told to people and nothing is decided by it, so that it may be absent or old. */
function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
