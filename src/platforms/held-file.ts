// A file of /proc or /sys that is read again and again: it stays open.
import { closeSync, openSync, readSync } from "node:fs";

export interface HeldFile {
  /** From its beginning; undefined when it is not there or cannot be read, then for good. */
  text(): string | undefined;
  close(): void;
}

let buffer = Buffer.allocUnsafeSlow(8_192);
const mostBytes = 262_144;

export function heldFile(path: string): HeldFile {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
  } catch {
    // This kernel does not tell it, or not to us: there is no figure.
  }
  const close = (): void => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  return {
    close,
    text: () => {
      if (fd === undefined) return undefined;
      try {
        for (;;) {
          const bytes = readSync(fd, buffer, 0, buffer.length, 0);
          if (bytes < buffer.length || buffer.length >= mostBytes) {
            return buffer.toString("latin1", 0, bytes);
          }
          buffer = Buffer.allocUnsafeSlow(buffer.length * 4);
        }
      } catch {
        // Pressure that is turned off at boot has a file, and an error in it.
        close();
        return undefined;
      }
    },
  };
}
