// Room for logs: how much the disk has, and which archives go when it has too little.
import { statfsSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { type Archive, archivesIn, remove } from "./archives.ts";

export interface DiskRoom {
  readonly freeBytes: number;
  /** Less than this is too little. */
  readonly fewBytes: number;
}

/** Removes the oldest archives until the disk has room; returns how many. */
function makeRoom(archives: readonly Archive[], disk: () => DiskRoom): number {
  let gone = 0;
  for (const archive of archives.toSorted((a, b) => a.at - b.at)) {
    const { freeBytes, fewBytes } = disk();
    if (freeBytes >= fewBytes) break;
    remove([archive]);
    gone += 1;
  }
  return gone;
}

/** Too few: less than a fiftieth, or than 512 MiB of a large one. */
export function diskOf(folder: string): DiskRoom {
  const { bavail, blocks, bsize } = statfsSync(folder);
  return { freeBytes: bavail * bsize, fewBytes: Math.min(blocks * bsize * 0.02, 512 * 1_024 ** 2) };
}

export interface DiskWatch {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: as the system says. */
  readonly disk?: () => DiskRoom;
  /** The disk is too full for logs, though no archive is left; or no longer. */
  readonly onFull?: (full: boolean, freeBytes: number) => void;
}

const lookMs = 10_000;

/** Returns what looks at the disk when it is time to; each change is told once. */
export function watchDisk({ folder, clock, log, onFull, ...given }: DiskWatch): () => void {
  const disk = given.disk ?? (() => diskOf(folder));
  let lookAt = 0;
  let full = false;
  return () => {
    if (clock.now() < lookAt) return;
    lookAt = clock.now() + lookMs;
    const { freeBytes: before, fewBytes: few } = disk();
    const gone = before < few ? makeRoom(archivesIn(folder), disk) : 0;
    if (gone > 0) log.warn("the disk is nearly full: old archives of logs are removed", { gone });
    const { freeBytes, fewBytes } = disk();
    if (freeBytes < fewBytes === full) return;
    full = !full;
    if (full) log.error("the disk is nearly full, and no archive of a log is left", { freeBytes });
    else log.info("there is room on the disk again", { freeBytes });
    onFull?.(full, freeBytes);
  };
}
