// Lines for a file, written a little later and many at once: who has one to write never waits.
import { appendFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";

export interface LineFile {
  /** It is given up when too much waits already. */
  write(line: string): void;
  /** Writes what waits, at once. */
  close(): void;
}

const restMs = 200;
/** What waits for the disk at most. */
const waitingBytes = 1024 * 1024;

export interface LineFileParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Lines that are in the file, and those that never will be. */
  readonly counts: { written: number; dropped: number };
}

/** The file is opened for each write: who moves it away or cuts it need not tell us. */
export function lineFile(path: string, { clock, log, counts }: LineFileParts): LineFile {
  let waiting: string[] = [];
  let bytes = 0;
  let isWriting = false;
  let isTold = false;
  const takeAll = (): readonly string[] => {
    const lines = waiting;
    waiting = [];
    bytes = 0;
    return lines;
  };
  const fail = (error: unknown, lines: number): void => {
    counts.dropped += lines;
    if (!isTold) log.warn("lines could not be written", { path, error: messageOf(error) });
    isTold = true;
  };
  const run = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      await clock.sleep(restMs);
      const lines = takeAll();
      try {
        await appendFile(path, lines.join(""), { mode: 0o600 });
        counts.written += lines.length;
        isTold = false;
      } catch (error) {
        fail(error, lines.length);
      }
    }
    isWriting = false;
  };
  return {
    write(line) {
      if (bytes + line.length > waitingBytes) {
        counts.dropped++;
        return;
      }
      bytes += line.length;
      waiting.push(line);
      if (!isWriting) void run();
    },
    close() {
      const lines = takeAll();
      if (lines.length === 0) return;
      try {
        appendFileSync(path, lines.join(""), { mode: 0o600 });
        counts.written += lines.length;
      } catch (error) {
        fail(error, lines.length);
      }
    },
  };
}
