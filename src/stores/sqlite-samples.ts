// The samples file: a ring of ticks, one compact row each, and the dictionary of their series.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Reading, Unit } from "../model/reading.ts";
import { followTick } from "./order.ts";
import { corrupt } from "./sqlite-error.ts";
import { type DatabaseFile, type FileKind, openFile, type Place, pragma } from "./sqlite-file.ts";
import type { Store, Tick } from "./store.ts";
import { decodeTick, encodeTick, type Sample } from "./tick-codec.ts";

const kind: FileKind = {
  file: "samples.db",
  applicationId: 0x486d5361, // "HmSa"
  schemaVersion: 1,
  synchronous: "NORMAL",
  traces: ["samples.db-wal"],
  schema: `
    CREATE TABLE series (
      id INTEGER PRIMARY KEY, target TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL,
      crc INTEGER NOT NULL, UNIQUE (target, metric, unit)
    ) STRICT;
    CREATE TABLE ticks (n INTEGER PRIMARY KEY, data BLOB NOT NULL, crc INTEGER NOT NULL) STRICT`,
};

const ticksPerPage = 64;
/** Share of the ring that is dropped at a time, so that most ticks drop nothing. */
const dropShare = 64;

export interface Samples extends Pick<Store, "appendTick" | "readTicks" | "lastTick" | "close"> {
  /** The ring takes no more room than now, or as much again as it may. */
  hold(on: boolean): void;
}

/** A ring that may not grow goes on with so much at least. */
const heldBytes = 1_024 ** 2;

/** For a reader that comes before the writer has made the file. */
const none: Samples = {
  appendTick: () => {},
  readTicks: () => [],
  lastTick: () => undefined,
  close: () => {},
  hold: () => {},
};

export function openSamples(place: Place, maxBytes: number): Samples {
  if (place.readOnly && !existsSync(join(place.folder, kind.file))) return none;
  const file = openFile(kind, place);
  try {
    const dictionary = openDictionary(file);
    const insert = file.run(() => file.db.prepare("INSERT INTO ticks VALUES (?, ?, ?)"));
    let last = highest(file);
    let bytes = maxBytes;
    return {
      appendTick(tick) {
        const next = followTick(last, tick);
        dictionary.keep((idOf) =>
          file.write(() => {
            const samples = tick.readings.map((reading) => toSample(idOf(reading), reading));
            const data = encodeTick(tick, samples);
            insert.run(tick.n, data, crcOf(tick.n, data));
            prune(file, bytes);
          }),
        );
        last = next;
      },
      readTicks: (afterN = 0) => readTicks(file, dictionary, afterN),
      lastTick: () => [...readTicks(file, dictionary, highest(file) - 1)].at(-1),
      close: file.close,
      hold: (on) => {
        bytes = on
          ? Math.min(
              maxBytes,
              Math.max(
                heldBytes,
                file.run(() => usedBytes(file)),
              ),
            )
          : maxBytes;
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function highest(file: DatabaseFile): number {
  return Number(file.run(() => file.db.prepare("SELECT max(n) AS n FROM ticks").get()?.n) ?? 0);
}

function toSample(series: number, { value, atMs, note }: Reading): Sample {
  return note === undefined ? { series, value, atMs } : { series, value, atMs, note };
}

const crcOf = (n: number, data: Uint8Array): number => crc32(data, n % 2 ** 32);

type Series = Pick<Reading, "target" | "metric" | "unit">;

interface Dictionary {
  /** Runs `work`; what it newly named is forgotten again when it throws. */
  keep(work: (idOf: (reading: Reading) => number) => void): void;
  series(id: number): Series | undefined;
  /** Learns the series that another process has named since. */
  refresh(): void;
}

function openDictionary(file: DatabaseFile): Dictionary {
  const ids = new Map<string, number>();
  const known = new Map<number, Series>();
  const insert = file.run(() => file.db.prepare("INSERT INTO series VALUES (?, ?, ?, ?, ?)"));
  const select = file.run(() => file.db.prepare("SELECT * FROM series WHERE id > ? ORDER BY id"));
  let top = 0;

  const keyOf = ({ target, metric, unit }: Series): string =>
    JSON.stringify([target, metric, unit]);
  const learn = (id: number, series: Series): void => {
    ids.set(keyOf(series), id);
    known.set(id, series);
    top = Math.max(top, id);
  };
  const refresh = (): void => {
    for (const row of file.run(() => select.all(top))) {
      const [target, metric, unit] = [String(row.target), String(row.metric), String(row.unit)];
      const series = { target, metric, unit: unit as Unit };
      if (crc32(`${row.id}${keyOf(series)}`) !== row.crc) {
        throw corrupt(file.path, `series ${row.id} does not match its checksum`);
      }
      learn(Number(row.id), series);
    }
  };
  const idOf = (reading: Reading): number => {
    const key = keyOf(reading);
    const found = ids.get(key);
    if (found !== undefined) return found;
    const { target, metric, unit } = reading;
    const id = top + 1;
    insert.run(id, target, metric, unit, crc32(`${id}${key}`));
    learn(id, { target, metric, unit });
    return id;
  };
  const keep: Dictionary["keep"] = (work) => {
    const before = top;
    try {
      work(idOf);
    } catch (error) {
      for (; top > before; top--) {
        const series = known.get(top);
        if (series) ids.delete(keyOf(series));
        known.delete(top);
      }
      throw error;
    }
  };

  refresh();
  return { keep, series: (id) => known.get(id), refresh };
}

/** Drops the oldest ticks until the file's pages in use fit again; the newest tick stays. */
function prune(file: DatabaseFile, maxBytes: number): void {
  const { db } = file;
  while (usedBytes(file) > maxBytes) {
    const row = db.prepare("SELECT min(n) AS low, max(n) AS high FROM ticks").get();
    const low = Number(row?.low);
    const high = Number(row?.high);
    if (low >= high) return;
    const until = low + Math.ceil((high - low) / dropShare);
    db.prepare("DELETE FROM ticks WHERE n < ?").run(until);
  }
}

function usedBytes({ db }: DatabaseFile): number {
  const pages = Number(pragma(db, "page_count")) - Number(pragma(db, "freelist_count"));
  return pages * Number(pragma(db, "page_size"));
}

/** What is in the ring at the call; ticks that are dropped while reading are left out. */
function readTicks(file: DatabaseFile, dictionary: Dictionary, afterN: number): Iterable<Tick> {
  const until = highest(file);
  const select = file.run(() =>
    file.db.prepare("SELECT n, data, crc FROM ticks WHERE n > ? AND n <= ? ORDER BY n LIMIT ?"),
  );
  return pages();

  function* pages(): Generator<Tick> {
    let n = afterN;
    for (;;) {
      const rows = file.run(() => select.all(n, until, ticksPerPage));
      if (rows.length === 0) return;
      dictionary.refresh();
      for (const row of rows) {
        n = Number(row.n);
        yield parseTick(file.path, dictionary, n, row.data, row.crc);
      }
    }
  }
}

function parseTick(
  path: string,
  dictionary: Dictionary,
  n: number,
  data: unknown,
  crc: unknown,
): Tick {
  if (!(data instanceof Uint8Array) || crcOf(n, data) !== crc) {
    throw corrupt(path, `tick ${n} does not match its checksum`);
  }
  const { head, samples } = decoded(path, n, data);
  const readings = samples.map(({ series: id, ...sample }) => {
    const series = dictionary.series(id);
    if (!series) throw corrupt(path, `tick ${n} names the series ${id}, which is missing`);
    return { ...series, ...sample };
  });
  return { n, ...head, readings };
}

function decoded(path: string, n: number, data: Uint8Array): ReturnType<typeof decodeTick> {
  try {
    return decodeTick(data);
  } catch (error) {
    throw corrupt(path, `tick ${n} cannot be read`, error);
  }
}
