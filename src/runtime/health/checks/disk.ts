// Checks that a file system has room: bytes and, where it counts them, files.
import type { StatsFs } from "node:fs";
import { builtin } from "../../../kernel/builtin.ts";
import { above, called, checkOptions, named, share } from "../../../policies/options.ts";
import type { Check, CheckAnswer } from "../../parts/health.ts";

type Room = Pick<StatsFs, "bsize" | "blocks" | "bavail" | "files" | "ffree">;

export interface DiskCheckOptions {
  /** Any path of the file system. */
  readonly path: string;
  /** The free share below which it is unhealthy. Default 0.05. */
  readonly minFreeShare?: number;
  /** The free share below which it is degraded. Default 0.1. */
  readonly lowFreeShare?: number;
  /** Unhealthy below so many free bytes, whatever the share. Default: no limit. */
  readonly minFreeBytes?: number;
  /** Default: `statfs` of the system. */
  readonly read?: (path: string) => Promise<Room>;
}

/**
 * Free is what this user may write. `statfs` cannot be called back: on a dead network mount the run
 * ends by its timeout, and one thread of the pool is held until the mount answers.
 */
export function diskCheck(options: DiskCheckOptions): Check {
  checkOptions("disk check", options, {
    path: named,
    minFreeShare: share,
    lowFreeShare: share,
    minFreeBytes: above(0),
    read: called,
  });
  const { read = builtin("node:fs/promises").statfs } = options;
  return async () => judge(await read(options.path), options);
}

function judge(room: Room, options: DiskCheckOptions): CheckAnswer {
  const { minFreeShare = 0.05, lowFreeShare = 0.1, minFreeBytes = 0 } = options;
  const bytes = room.bavail * room.bsize;
  const bytesShare = room.blocks > 0 ? room.bavail / room.blocks : 1;
  // Some file systems make room for files as they need it, and count none.
  const filesShare = room.files > 0 ? room.ffree / room.files : 1;
  const reason = `${options.path} has ${percent(bytesShare)} of its bytes (${mebibytes(bytes)}) and ${percent(filesShare)} of its files free`;
  const least = Math.min(bytesShare, filesShare);
  if (least < minFreeShare || bytes < minFreeBytes) return { status: "unhealthy", reason };
  return least < lowFreeShare ? { status: "degraded", reason } : true;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MiB`;
}
