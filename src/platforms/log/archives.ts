// The archives of logs: which bytes each holds is in its name, so that a rename commits them.
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface Archive {
  readonly path: string;
  /** Name of the log file without its folder, "web-1.log". */
  readonly of: string;
  /** Offsets, see `LogRecord`; the last one is not in it. */
  readonly from: number;
  readonly to: number;
  /** Compressed. */
  readonly bytes: number;
  /** When it was made, which is after its last line; ms since the epoch. */
  readonly at: number;
}

const digits = 15;

export function archivePath(log: string, from: number, to: number): string {
  const [first, last] = [from, to].map((offset) => String(offset).padStart(digits, "0"));
  return `${log}.${first}-${last}.gz`;
}

/** All of a folder, or those whose names begin so; each log's in the order of their offsets. */
export function archivesIn(folder: string, log = ""): readonly Archive[] {
  const found = namesIn(folder).flatMap((name): readonly Archive[] => {
    if (!name.startsWith(log)) return [];
    const [, of, from, to] = /^(.+\.log)\.(\d{15})-(\d{15})\.gz$/.exec(name) ?? [];
    if (of === undefined) return [];
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return [];
    return [{ path, of, from: Number(from), to: Number(to), bytes: stat.size, at: stat.mtimeMs }];
  });
  return found.toSorted((a, b) => (a.of < b.of ? -1 : a.of > b.of ? 1 : a.from - b.from));
}

export function archivesOf(log: string): readonly Archive[] {
  const name = basename(log);
  return archivesIn(dirname(log), name).filter(({ of }) => of === name);
}

export function archivedTo(archives: readonly Archive[]): number {
  return archives.at(-1)?.to ?? 0;
}

export interface Bounds {
  /** Archives of one log. */
  readonly keep: number;
  /** Bytes of all that share this name. */
  readonly total: { readonly of: string; readonly bytes: number };
}

/** What must go, the oldest first; `all` bounds everything together. */
export function surplus(
  archives: readonly Archive[],
  boundsOf: (log: string) => Bounds,
  allBytes: number,
): readonly Archive[] {
  const byAge = archives.toSorted((a, b) => b.at - a.at || b.from - a.from);
  const counts = new Map<string, number>();
  const sums = new Map<string, number>();
  let sum = 0;
  const gone = byAge.filter((archive) => {
    const { keep, total } = boundsOf(archive.of);
    const count = (counts.get(archive.of) ?? 0) + 1;
    const ofTotal = (sums.get(total.of) ?? 0) + archive.bytes;
    const all = sum + archive.bytes;
    if (count > keep || ofTotal > total.bytes || all > allBytes) {
      // What is older than something that went goes too: no holes in between.
      counts.set(archive.of, Number.POSITIVE_INFINITY);
      return true;
    }
    counts.set(archive.of, count);
    sums.set(total.of, ofTotal);
    sum = all;
    return false;
  });
  return gone.toReversed();
}

export function remove(archives: readonly Archive[]): void {
  for (const { path } of archives) rmSync(path, { force: true });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
