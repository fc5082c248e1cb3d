// The last lines of a log file, read from its end, without secrets.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { messageOf } from "../kernel/errors.ts";
import { plain, redact } from "../kernel/redact.ts";
import { stateOf } from "./log/read.ts";

/** What lies before this is not read, however many lines are asked for. */
const byteLimit = 65_536;

/** Characters kept of one line. */
const lineLimit = 2_000;

/** Bytes since the log began; rotation takes none of them back. */
export function endOfLog(file: string): number {
  return stateOf(file)?.end ?? 0;
}

/**
 * Up to `count` lines, oldest first; none when there is no such file. What stands before `fromByte`
 * is left out, unless the log has become shorter than that: bytes are counted since the log began,
 * as `endOfLog` does, and rotation moves none of them. Bytes that are no UTF-8 become
 * U+FFFD. When the file cannot be read the only line says why, since evidence must not fail.
 */
export function lastLines(file: string, count: number, fromByte = 0): readonly string[] {
  let text: string;
  try {
    text = readTail(file, fromByte);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return missing ? [] : [`(the log cannot be read: ${messageOf(error)})`];
  }
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return maskKeys(count > 0 ? lines.slice(-count) : []).map(clean);
}

function clean(line: string): string {
  const text = redact(plain(line.endsWith("\r") ? line.slice(0, -1) : line));
  return text.length > lineLimit ? `${text.slice(0, lineLimit)}…` : text;
}

function readTail(file: string, fromByte: number): string {
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const { base = 0, freed = 0 } = stateOf(file) ?? {};
    const first = Math.max(freed, fromByte > base + size ? 0 : fromByte) - base;
    const from = Math.max(first, size - byteLimit);
    const buffer = Buffer.alloc(size - from);
    const length = readSync(fd, buffer, 0, buffer.length, from);
    const text = buffer.toString("utf8", 0, length);
    // A line that was cut at its beginning may have lost the name that tells its secret.
    if (from === first && (freed === base || first + base > freed)) return text;
    const end = text.indexOf("\n");
    return end < 0 ? `(a line longer than ${byteLimit} bytes)` : text.slice(end + 1);
  } finally {
    closeSync(fd);
  }
}

/** The lines of a private key carry no name of their own. */
function maskKeys(lines: readonly string[]): readonly string[] {
  let inside = false;
  return lines.map((line) => {
    const begins = /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----\s*$/.test(line);
    const ends = inside && line.includes("-----END ");
    const masked = inside && !ends ? "***" : line;
    inside = begins || (inside && !ends);
    return masked;
  });
}
