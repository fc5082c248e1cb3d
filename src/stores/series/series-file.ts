// The file of the series store: blocks of each resolution, the tail of what is in none yet, and the names.
import { crc32 } from "node:zlib";
import type { Unit } from "../../model/reading.ts";
import type { Target } from "../../model/target.ts";
import { type DatabaseFile, type FileKind, openFile, type Place, pragma } from "../sqlite-file.ts";
import { type KeptSeries, type Resolution, resolutions } from "./series-store.ts";

const tables: Readonly<Record<Resolution, string>> = {
  raw: "raw",
  "10s": "s10",
  "1m": "m1",
  "10m": "m10",
  "1h": "h1",
};

export const seriesFile = "series.db";

const kind: FileKind = {
  file: seriesFile,
  applicationId: 0x486d5365, // "HmSe"
  schemaVersion: 1,
  synchronous: "NORMAL",
  traces: [`${seriesFile}-wal`],
  schema: `
    CREATE TABLE series (
      id INTEGER PRIMARY KEY, target TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL,
      lastMs INTEGER NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tail (
      n INTEGER PRIMARY KEY, newestMs INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    ${Object.values(tables)
      .map(
        (table) => `
    CREATE TABLE ${table} (
      id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, fromMs INTEGER NOT NULL,
      untilMs INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX ${table}_of ON ${table} (shard, untilMs, fromMs)`,
      )
      .join(";")}`,
};

export interface Block {
  readonly shard: number;
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  readonly data: Uint8Array;
}

/** The statements; each is one of SQLite's, so that they can be put into one transaction. */
export interface SeriesFile {
  readonly file: DatabaseFile;
  addSeries(series: KeptSeries, lastMs: number): void;
  forgetSeries(id: number): void;
  noteLast(id: number, lastMs: number): void;
  series(): readonly (KeptSeries & { readonly lastMs: number })[];
  addTail(newestMs: number, data: Uint8Array): void;
  /** Undefined in place of the bytes of a damaged one. */
  tail(): readonly { readonly newestMs: number; readonly data: Uint8Array | undefined }[];
  dropTail(beforeMs: number): void;
  addBlock(of: Resolution, block: Block): void;
  /** That overlap, in the order in which they were written; undefined for each damaged one. */
  blocks(of: Resolution, shard: number, fromMs: number, toMs: number): (Block | undefined)[];
  /** Times of the first block that ends after `afterMs`. */
  firstAfter(of: Resolution, shard: number, afterMs: number): Pick<Block, "fromMs"> | undefined;
  untilMs(of: Resolution, shard: number): number | undefined;
  shardIds(): readonly number[];
  oldestMs(of: Resolution): number | undefined;
  /** Of at most 64 of the oldest, those that `isOver` says; how many that were. */
  dropOldest(of: Resolution, isOver: (block: Pick<Block, "fromMs" | "untilMs">) => boolean): number;
  usedBytes(): number;
}

const droppedAtOnce = 64;

/** @throws JOURNAL_CORRUPT, JOURNAL_NEWER, JOURNAL_UNUSABLE */
export function openSeriesFile(place: Place): SeriesFile {
  const file = openFile(kind, place);
  try {
    return file.run(() => ({ file, ...seriesRows(file), ...tailRows(file), ...blockRows(file) }));
  } catch (error) {
    file.close();
    throw error;
  }
}

const crcOfSeries = ({ id, target, metric, unit }: KeptSeries): number =>
  crc32(JSON.stringify([id, target, metric, unit]));

type SeriesRows = Pick<SeriesFile, "addSeries" | "forgetSeries" | "noteLast" | "series">;

function seriesRows({ db }: DatabaseFile): SeriesRows {
  const insert = db.prepare("INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?)");
  const forget = db.prepare("DELETE FROM series WHERE id = ?");
  const note = db.prepare("UPDATE series SET lastMs = ? WHERE id = ?");
  return {
    addSeries: (series, lastMs) => {
      const { id, target, metric, unit } = series;
      insert.run(id, target, metric, unit, Math.round(lastMs), crcOfSeries(series));
    },
    forgetSeries: (id) => {
      forget.run(id);
    },
    noteLast: (id, lastMs) => {
      note.run(Math.round(lastMs), id);
    },
    series: () =>
      db
        .prepare("SELECT * FROM series ORDER BY id")
        .all()
        .map((row) => ({
          id: Number(row.id),
          target: String(row.target) as Target,
          metric: String(row.metric),
          unit: String(row.unit) as Unit,
          lastMs: Number(row.lastMs),
          crc: row.crc,
        }))
        // A name that is damaged gets a new number when its series speaks again.
        .filter(({ crc, ...series }) => crc === crcOfSeries(series)),
  };
}

type TailRows = Pick<SeriesFile, "addTail" | "tail" | "dropTail">;

function tailRows({ db }: DatabaseFile): TailRows {
  const insert = db.prepare("INSERT INTO tail (newestMs, data, crc) VALUES (?, ?, ?)");
  const drop = db.prepare("DELETE FROM tail WHERE newestMs < ?");
  return {
    addTail: (newestMs, data) => void insert.run(Math.round(newestMs), data, crc32(data)),
    dropTail: (beforeMs) => void drop.run(Math.round(beforeMs)),
    tail: () =>
      db
        .prepare("SELECT newestMs, data, crc FROM tail ORDER BY n")
        .all()
        .map(({ newestMs, data, crc }) => ({
          newestMs: Number(newestMs),
          data: data instanceof Uint8Array && crc32(data) === crc ? data : undefined,
        })),
  };
}

type BlockRows = Omit<SeriesFile, keyof SeriesRows | keyof TailRows | "file">;

function blockRows({ db }: DatabaseFile): BlockRows {
  const each = <T>(make: (table: string) => T): Readonly<Record<Resolution, T>> =>
    Object.fromEntries(resolutions.map((it) => [it, make(tables[it])])) as Record<Resolution, T>;
  const insert = each((table) =>
    db.prepare(`INSERT INTO ${table} (shard, fromMs, untilMs, data, crc) VALUES (?, ?, ?, ?, ?)`),
  );
  const select = each((table) =>
    db.prepare(`SELECT fromMs, untilMs, data, crc FROM ${table}
      WHERE shard = ? AND untilMs > ? AND fromMs < ? ORDER BY id`),
  );
  const first = each((table) =>
    db.prepare(`SELECT fromMs FROM ${table} WHERE shard = ? AND untilMs > ?
      ORDER BY untilMs LIMIT 1`),
  );
  const until = each((table) =>
    db.prepare(`SELECT max(untilMs) AS untilMs FROM ${table} WHERE shard = ?`),
  );
  const oldest = each((table) =>
    db.prepare(`SELECT id, fromMs, untilMs FROM ${table} ORDER BY id LIMIT ${droppedAtOnce}`),
  );
  const drop = each((table) => db.prepare(`DELETE FROM ${table} WHERE id = ?`));
  const number = (value: unknown): number | undefined =>
    value === null || value === undefined ? undefined : Number(value);
  return {
    addBlock: (of, { shard, fromMs, untilMs, data }) =>
      void insert[of].run(shard, fromMs, untilMs, data, crcOfBlock(shard, untilMs, data)),
    blocks: (of, shard, fromMs, toMs) =>
      select[of].all(shard, Math.floor(fromMs), Math.ceil(toMs)).map((row) => {
        const { data, crc } = row;
        const [from, end] = [Number(row.fromMs), Number(row.untilMs)];
        const isWhole = data instanceof Uint8Array && crcOfBlock(shard, end, data) === crc;
        return isWhole ? { shard, fromMs: from, untilMs: end, data } : undefined;
      }),
    firstAfter: (of, shard, afterMs) => {
      const fromMs = number(first[of].get(shard, afterMs)?.fromMs);
      return fromMs === undefined ? undefined : { fromMs };
    },
    untilMs: (of, shard) => number(until[of].get(shard)?.untilMs),
    shardIds: () =>
      db
        .prepare("SELECT DISTINCT shard FROM raw")
        .all()
        .map(({ shard }) => Number(shard)),
    oldestMs: (of) => number(oldest[of].get()?.fromMs),
    dropOldest: (of, isOver) => {
      const over = oldest[of]
        .all()
        .filter((it) => isOver({ fromMs: Number(it.fromMs), untilMs: Number(it.untilMs) }));
      for (const { id } of over) drop[of].run(Number(id));
      return over.length;
    },
    usedBytes: () => {
      const pages = Number(pragma(db, "page_count")) - Number(pragma(db, "freelist_count"));
      return pages * Number(pragma(db, "page_size"));
    },
  };
}

/** A block that stands in the place of another one is as bad as a damaged one. */
const crcOfBlock = (shard: number, untilMs: number, data: Uint8Array): number =>
  crc32(data, (shard * 31 + Math.floor(untilMs / 1_000)) % 2 ** 32);
