// The samples file: a ring of ticks, one compact row each, and the dictionary of their series.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Reading, Unit } from "../model/reading.ts";
import { followTick } from "./order.ts";
import { corrupt } from "./sqlite-error.ts";
import { type DatabaseFile, type FileKind, openFile, type Place, pragma } from "./sqlite-file.ts";
import type { Store, Tick } from "./store.ts";
import { createTickEncoder, decodeTick } from "./tick-codec.ts";

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

/** More than a tick can take beside its own bytes. */
const pageBytes = 4_096;
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
    const encode = createTickEncoder<Reading>();
    let last = highest(file);
    let bytes = maxBytes;
    /** So much may be written before the room is looked at: nobody counts pages at each tick. */
    let leftBytes = 0;
    const put = (tick: Tick, idOf: (reading: Reading) => number): void => {
      const data = encode(tick, tick.readings, idOf);
      insert.run(tick.n, data, crcOf(tick.n, data));
      leftBytes -= data.length + pageBytes;
    };
    return {
      appendTick(tick) {
        const next = followTick(last, tick);
        const { idOf } = dictionary;
        if (leftBytes > 0 && tick.readings.every((reading) => idOf(reading) !== undefined)) {
          file.put(() => put(tick, (reading) => idOf(reading) ?? 0));
        } else {
          dictionary.keep((nameOf) =>
            file.write(() => {
              put(tick, nameOf);
              prune(file, bytes);
            }),
          );
          leftBytes = (bytes - file.run(() => usedBytes(file))) / 2;
        }
        last = next;
      },
      readTicks: (afterN = 0) => readTicks(file, dictionary, afterN),
      lastTick: () => [...readTicks(file, dictionary, highest(file) - 1)].at(-1),
      close: file.close,
      hold: (on) => {
        leftBytes = 0;
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

const crcOf = (n: number, data: Uint8Array): number => crc32(data, n % 2 ** 32);

type Series = Pick<Reading, "target" | "metric" | "unit">;

type Named = { readonly id: number; readonly unit: Unit };

interface Dictionary {
  /** Undefined when it has no name yet. */
  idOf(reading: Reading): number | undefined;
  /** Runs `work`; what it newly named is forgotten again when it throws. */
  keep(work: (nameOf: (reading: Reading) => number) => void): void;
  series(id: number): Series | undefined;
  /** Learns the series that another process has named since. */
  refresh(): void;
}

function openDictionary(file: DatabaseFile): Dictionary {
  /** By target and metric, so that none of the hundreds of a tick needs a key to be made. */
  const named = new Map<string, Map<string, readonly Named[]>>();
  const known = new Map<number, Series>();
  const insert = file.run(() => file.db.prepare("INSERT INTO series VALUES (?, ?, ?, ?, ?)"));
  const select = file.run(() => file.db.prepare("SELECT * FROM series WHERE id > ? ORDER BY id"));
  let top = 0;

  const keyOf = ({ target, metric, unit }: Series): string =>
    JSON.stringify([target, metric, unit]);
  const idOf = ({ target, metric, unit }: Series): number | undefined =>
    named
      .get(target)
      ?.get(metric)
      ?.find((it) => it.unit === unit)?.id;
  const learn = (id: number, series: Series): void => {
    const { target, metric, unit } = series;
    const of = named.get(target) ?? new Map<string, readonly Named[]>();
    named.set(target, of.set(metric, [...(of.get(metric) ?? []), { id, unit }]));
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
  const nameOf = (reading: Reading): number => {
    const found = idOf(reading);
    if (found !== undefined) return found;
    const { target, metric, unit } = reading;
    const id = top + 1;
    insert.run(id, target, metric, unit, crc32(`${id}${keyOf(reading)}`));
    learn(id, { target, metric, unit });
    return id;
  };
  const forget = (id: number): void => {
    const { target = "", metric = "" } = known.get(id) ?? {};
    const of = named.get(target);
    of?.set(metric, of.get(metric)?.filter((it) => it.id !== id) ?? []);
    known.delete(id);
  };
  const keep: Dictionary["keep"] = (work) => {
    const before = top;
    try {
      work(nameOf);
    } catch (error) {
      for (; top > before; top--) forget(top);
      throw error;
    }
  };

  refresh();
  return { idOf, keep, series: (id) => known.get(id), refresh };
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
