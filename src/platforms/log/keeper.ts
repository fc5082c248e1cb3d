// Looks after the logs of a folder: notes when bytes came, rotates, and removes what is too much.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, every } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { archivedTo, archivesIn, remove, surplus } from "./archives.ts";
import { type DiskRoom, watchDisk } from "./disk.ts";
import { type Freeing, freeingIn } from "./free.ts";
import { finishRotation, type Rotation, rotateOnce } from "./rotate.ts";
import { firstLook, isDue, logNames, note, refresh, type Seen } from "./seen.ts";

/** How one log is kept. */
export interface Keeping {
  /** It is rotated when so many bytes are in no archive … */
  readonly sizeBytes: number;
  /** … or when the oldest of them is so old. */
  readonly ageMs: number;
  /** Archives of it. */
  readonly keep: number;
  /** Bytes of the archives of all that share this name: the instances of a service. */
  readonly total: { readonly of: string; readonly bytes: number };
}

export interface KeeperOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** By the name of its file, "web-1.log". */
  readonly keepingOf: (name: string) => Keeping;
  /** Bytes of all archives together. */
  readonly totalBytes: number;
  /** See `DiskWatch`. */
  readonly onFull?: (full: boolean, freeBytes: number) => void;
  readonly disk?: () => DiskRoom;
  /** A hole of so many bytes is taken out of a file. */
  readonly holeBytes?: number;
  readonly lookMs?: number;
  /** Between two looks; default: the clock's own sleep. */
  readonly rest?: Clock["sleep"];
}

const defaultHoleBytes = 1_024 ** 3;
const defaultLookMs = 1_000;
/** After a rotation that failed. */
const failedMs = 30_000;

/** Resolves when `signal` has aborted and no rotation is under way. */
export async function keepLogs(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { folder, clock, log, lookMs = defaultLookMs } = options;
  mkdirSync(folder, { recursive: true });
  const freeing = await freeingIn(folder);
  if (!freeing.punch) {
    log.warn("logs are cut, not freed in place: some lines may be lost at a rotation", {
      folder,
      why: freeing.why,
    });
  }
  const keeper = createKeeper(options, freeing);
  await keeper.finish();
  let working: Promise<void> | undefined;
  const paced = { ...clock, ...(options.rest ? { sleep: options.rest } : {}) };
  await every(paced, lookMs, signal, () => {
    keeper.look();
    working ??= keeper.work(signal).finally(() => {
      working = undefined;
    });
  });
  await working;
}

interface Keeper {
  /** What an earlier daemon had begun. */
  finish(): Promise<void>;
  look(): void;
  work(signal: AbortSignal): Promise<void>;
}

/** Nothing here throws: what goes wrong with the logs of others is told once, and tried again. */
export function createKeeper(options: KeeperOptions, freeing: Freeing): Keeper {
  const { folder, clock, log, keepingOf } = options;
  const [names, checkDisk] = [logNames(folder), watchDisk(options)];
  const [seen, told] = [new Map<string, Seen>(), new Set<string>()];
  let busy = "";

  const rotation = ({ path }: Seen): Rotation => {
    return { path, freeing, sizeBytes: 0, holeBytes: options.holeBytes ?? defaultHoleBytes };
  };
  /** False when it failed. */
  const attempt = async (what: string, work: () => void | Promise<void>): Promise<boolean> => {
    try {
      await work();
      if (told.delete(what)) log.info("the logs are looked after again", { what });
      return true;
    } catch (error) {
      if (!told.has(what))
        log.error("the logs are not looked after", { what, reason: messageOf(error) });
      told.add(what);
      return false;
    }
  };
  const prune = (): void => {
    remove(surplus(archivesIn(folder), keepingOf, options.totalBytes));
  };
  const finish = async (): Promise<void> => {
    const archives = Map.groupBy(archivesIn(folder), ({ of }) => of);
    for (const name of names()) {
      const it = firstLook(join(folder, name));
      if (!it) continue;
      seen.set(name, it);
      const to = archivedTo(archives.get(name) ?? []);
      await attempt(`rotation of ${name}`, () => finishRotation(rotation(it), to));
      refresh(it);
    }
    prune();
  };
  const look = (): void => {
    for (const name of names()) {
      const it = seen.has(name) ? undefined : firstLook(join(folder, name));
      if (it) seen.set(name, it);
    }
    for (const [name, it] of seen) if (name !== busy) note(it, clock.wall());
  };
  const rotateDue = async (signal: AbortSignal): Promise<void> => {
    for (const [name, it] of seen) {
      if (signal.aborted) return;
      if (it.end <= it.start || !isDue(it, keepingOf(name), clock)) continue;
      busy = name;
      const work = (): Promise<void> => {
        return rotateAll(
          it,
          { rotation: rotation(it), keeping: keepingOf(name), prune, clock, log },
          signal,
        );
      };
      if (!(await attempt(`rotation of ${name}`, work))) it.notBefore = clock.now() + failedMs;
      busy = "";
    }
  };
  return {
    finish: async () => void (await attempt("what an earlier daemon left", finish)),
    look: () => void attempt("their times", look),
    work: async (signal) => {
      await attempt("the disk", checkDisk);
      await attempt("their rotation", () => rotateDue(signal));
    },
  };
}

/** Until less than an archive is left. */
async function rotateAll(
  it: Seen,
  world: {
    readonly rotation: Rotation;
    readonly keeping: Keeping;
    readonly prune: () => void;
    readonly clock: Clock;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> {
  const { rotation, keeping, prune, clock, log } = world;
  const { sizeBytes, keep } = keeping;
  for (;;) {
    const begunAt = clock.now();
    // What would be removed as surplus right after it was archived is not archived.
    const over = it.end - it.start - (keep + 1) * sizeBytes;
    const drop = over > 0 && rotation.freeing.punch;
    const done = await rotateOnce({ ...rotation, drop, sizeBytes: drop ? over : sizeBytes });
    refresh(it);
    if (!done) return;
    if (done.dropped) {
      const lost = { log: it.path, bytes: done.to - done.from };
      log.warn("a log grew faster than it can be kept: its oldest lines are gone", lost);
    } else prune();
    if (signal.aborted || it.end - it.start < sizeBytes) return;
    // At most half of a core is spent on this.
    await clock.sleep(clock.now() - begunAt, signal).catch(() => {});
  }
}
