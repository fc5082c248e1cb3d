// What an SQLite or file system failure means to the caller: one of our codes, naming the file.
import { type Code, HomeostatError, messageOf } from "../kernel/errors.ts";

// Primary result codes. Source: https://www.sqlite.org/rescode.html
const primary: Readonly<Record<number, Code>> = {
  1: "JOURNAL_CORRUPT", // ERROR: a table or column of ours is not there
  3: "JOURNAL_UNUSABLE", // PERM
  5: "JOURNAL_UNUSABLE", // BUSY
  6: "JOURNAL_UNUSABLE", // LOCKED
  8: "JOURNAL_UNUSABLE", // READONLY
  10: "JOURNAL_UNUSABLE", // IOERR
  11: "JOURNAL_CORRUPT", // CORRUPT
  13: "JOURNAL_UNUSABLE", // FULL
  14: "JOURNAL_UNUSABLE", // CANTOPEN
  26: "JOURNAL_CORRUPT", // NOTADB
};

const full = 13;

/** SQLite's primary result code, or undefined when `error` is not from SQLite. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

export const isCannotOpen = (error: unknown): boolean => resultCode(error) === 14;

export const isBusy = (error: unknown): boolean => resultCode(error) === 5;

/** After an I/O error nothing is known of what reached the disk. */
export const isIoError = (error: unknown): boolean => resultCode(error) === 10;

/** `error` as one of ours; what is ours already is kept. */
export function storeError(error: unknown, path: string): HomeostatError {
  if (error instanceof HomeostatError) return error;
  const message = `${path}: ${messageOf(error)}`;
  const code = resultCode(error);
  if (code !== undefined) {
    const details = code === full ? { sqlite: code, full: true } : { sqlite: code };
    return new HomeostatError(primary[code] ?? "INVARIANT", message, { details });
  }
  const fromSystem = error instanceof Error && "syscall" in error;
  return new HomeostatError(fromSystem ? "JOURNAL_UNUSABLE" : "INVARIANT", message);
}

export function corrupt(path: string, found: string, cause?: unknown): HomeostatError {
  const options = cause === undefined ? {} : { cause };
  return new HomeostatError("JOURNAL_CORRUPT", `${path}: ${found}`, options);
}
