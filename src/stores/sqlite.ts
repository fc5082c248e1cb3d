// A store in two SQLite files: a journal that survives a power loss, and a ring of samples.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { invariant } from "../kernel/errors.ts";
import { keepReserve } from "./reserve.ts";
import { storeError } from "./sqlite-error.ts";
import { type Place, syncFolder } from "./sqlite-file.ts";
import { openJournal } from "./sqlite-journal.ts";
import { takeWriterLock } from "./sqlite-lock.ts";
import { openSamples } from "./sqlite-samples.ts";
import { isDiskFull, type Store } from "./store.ts";

export interface SqliteStoreOptions {
  /** Made with mode 0700 when it is missing; holds journal.db, samples.db and the writer's lock. */
  readonly folder: string;
  /** The journal of another project is refused. */
  readonly project: string;
  /** Size of samples.db above which the oldest ticks are dropped, bytes; 256 MiB unless told. */
  readonly maxTickBytes?: number;
  /** For looking on while a writer is there: takes no lock, and what would write throws. */
  readonly readOnly?: boolean;
}

/** Ticks from one look whether the reserve can be taken back to the next. */
const restoreEvery = 20;

/**
 * One process writes to a folder at a time; the kernel frees the folder when that process ends.
 * @throws DAEMON_RUNNING when another writer lives; JOURNAL_CORRUPT when a file is damaged, is not
 * ours or is another project's; JOURNAL_NEWER; JOURNAL_UNUSABLE when the folder cannot be used.
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const { folder, project, readOnly = false } = options;
  const maxTickBytes = options.maxTickBytes ?? 256 * 1024 ** 2;
  const place: Place = { folder, project, readOnly };
  // Released in reverse: the lock goes last.
  const held: (() => void)[] = [];
  const close = (): void => {
    const release = held.pop();
    if (!release) return;
    try {
      release();
    } finally {
      close();
    }
  };
  try {
    if (!readOnly) {
      makeFolder(folder);
      held.push(takeWriterLock(folder));
    }
    const journal = openJournal(place);
    held.push(journal.close);
    const samples = openSamples(place, maxTickBytes);
    held.push(samples.close);
    const writable = (): void => invariant(!readOnly, `the store in ${folder} is read-only`);
    const reserve = readOnly ? undefined : keepReserve(folder);
    reserve?.restore();
    let ticks = 0;
    /** Once more with the reserve, and with samples that grow no further, when the disk is full. */
    const withRoom = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        if (!isDiskFull(error) || !reserve?.release()) throw error;
        samples.hold(true);
        work();
      }
    };
    return {
      name: "sqlite",
      append: (events) => {
        writable();
        withRoom(() => journal.append(events));
      },
      read: journal.read,
      appendTick: (tick) => {
        writable();
        ticks += 1;
        if (ticks % restoreEvery === 0 && reserve?.restore()) samples.hold(false);
        withRoom(() => samples.appendTick(tick));
      },
      readTicks: samples.readTicks,
      lastTick: samples.lastTick,
      putFile: (version, content) => {
        writable();
        withRoom(() => journal.putFile(version, content));
      },
      getFile: journal.getFile,
      takeSnapshot: journal.takeSnapshot,
      keepSnapshot: (snapshot) => {
        writable();
        journal.keepSnapshot(snapshot);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function makeFolder(folder: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) syncFolder(dirname(made));
  } catch (error) {
    throw storeError(error, folder);
  }
}
