// Appends whole lines to a file that may be rotated by us, by others or by logrotate meanwhile.
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { builtin } from "../../kernel/builtin.ts";
import { present, rotate } from "./rotate.ts";

export interface Appender {
  /** Rotates first when the file is full. Rejects when the lines are not in the file. */
  append(lines: Buffer): Promise<void>;
  /**
   * For the exit of the process, when nothing asynchronous comes any more: writes these lines, and
   * before them those of an append that is under way unless they are in the file already.
   */
  appendNow(lines: Buffer): void;
  /** Opens the file anew at the next append. */
  reopen(): void;
  close(): Promise<void>;
}

interface UnderWay {
  readonly lines: Buffer;
  /** The size of the file before, behind which the lines stand; undefined before they are written. */
  readonly from: number | undefined;
}

/** Read and written by its owner, read by its group. */
const mode = 0o640;

export function createAppender(options: {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly wall: () => number;
}): Appender {
  const { path, maxBytes, maxFiles, wall } = options;
  const { mkdir, open, stat } = builtin("node:fs/promises");
  let handle: FileHandle | undefined;
  let inode = -1;
  let underWay: UnderWay | undefined;

  const close = async (): Promise<void> => {
    const old = handle;
    handle = undefined;
    await old?.close();
  };
  /** The file that stands under the path now, and its size. */
  const current = async (): Promise<{ file: FileHandle; size: number }> => {
    const there = await present(stat(path));
    if (handle && there?.ino !== inode) await close();
    if (handle && there) return { file: handle, size: there.size };
    await mkdir(dirname(path), { recursive: true });
    handle = await open(path, "a+", mode);
    const { ino, size } = await handle.stat();
    inode = ino;
    return { file: handle, size };
  };
  const roomy = async (bytes: number): Promise<{ file: FileHandle; size: number }> => {
    const found = await current();
    if (found.size === 0 || found.size + bytes <= maxBytes) return found;
    // When another process is rotating, the line goes into the full file: better there than nowhere.
    await rotate({ path, maxFiles, inode, wallMs: wall() });
    return current();
  };

  return {
    append: async (lines) => {
      underWay = { lines, from: undefined };
      try {
        const { file, size } = await roomy(lines.length);
        underWay = { lines, from: size };
        for (let done = 0; done < lines.length; ) {
          done += (await file.write(lines, done)).bytesWritten;
        }
      } finally {
        underWay = undefined;
      }
    },
    appendNow: (lines) => {
      const { openSync, closeSync } = builtin("node:fs");
      const file = openSync(path, "a+", mode);
      try {
        if (underWay && !holds(file, underWay)) writeAll(file, underWay.lines);
        writeAll(file, lines);
      } finally {
        closeSync(file);
      }
    },
    reopen: () => {
      inode = -1;
    },
    close,
  };
}

function writeAll(file: number, lines: Buffer): void {
  const { writeSync } = builtin("node:fs");
  for (let done = 0; done < lines.length; ) done += writeSync(file, lines, done);
}

/** Whether the lines stand in the file. Not being sure means no: twice is better than never. */
function holds(file: number, { lines, from }: UnderWay): boolean {
  if (from === undefined) return false;
  const { fstatSync, readSync } = builtin("node:fs");
  const length = Math.min(fstatSync(file).size - from, 16 * 1_024 * 1_024);
  if (length < lines.length) return false;
  const tail = Buffer.alloc(length);
  readSync(file, tail, 0, length, from);
  return tail.includes(lines);
}
