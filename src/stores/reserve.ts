// Room that is kept for the journal: a file that is given up when the disk is full.
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface Reserve {
  /** Gives the room to whoever writes next; false when there is none to give. */
  release(): boolean;
  /** Takes it back when the disk has enough for that; whether it is there. */
  restore(): boolean;
}

/** Its name in the state folder. */
export const reserveFile = "reserve";

/** Events of weeks, or two write-ahead logs that have not been moved into their files yet. */
const mostBytes = 16 * 1_024 ** 2;
/** On a small disk: this share of what is free. */
const share = 8;
/** So many times of it must be free for it to be taken back. */
const again = 4;
const fewestBytes = 256 * 1_024;
const pieceBytes = 64 * 1_024;

/** Without room for it there is none, and that is no fault. */
export function keepReserve(folder: string): Reserve {
  const path = join(folder, reserveFile);
  let wanted = 0;
  const restore = (): boolean => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    wanted = Math.max(wanted, size);
    if (size >= fewestBytes) return true;
    try {
      const { bavail, bsize } = statfsSync(folder);
      const free = bavail * bsize;
      const bytes = Math.min(mostBytes, Math.floor(free / share));
      // What was given up is not taken from the little that is left.
      if (bytes < fewestBytes || free < again * wanted) return false;
      fill(path, bytes);
      wanted = bytes;
      return true;
    } catch {
      // Another one was faster: half a reserve is none.
      rmSync(path, { force: true });
      return false;
    }
  };
  return {
    release: () => {
      if (!statSync(path, { throwIfNoEntry: false })) return false;
      rmSync(path, { force: true });
      return true;
    },
    restore,
  };
}

/** Written, because a hole takes no room. */
function fill(path: string, bytes: number): void {
  const fd = openSync(path, "w", 0o600);
  try {
    const piece = Buffer.alloc(pieceBytes, 0x48);
    for (let at = 0; at < bytes; at += pieceBytes) writeSync(fd, piece);
  } finally {
    closeSync(fd);
  }
}
