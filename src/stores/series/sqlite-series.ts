// Series in an SQLite file: the newest points in memory, and every ten seconds in the file; see docs/series.md.
import { invariant } from "../../kernel/errors.ts";
import type { Place } from "../sqlite-file.ts";
import { byteReader, decodeBlock } from "./block.ts";
import { createNames } from "./names.ts";
import { readSeries } from "./read.ts";
import { usualKeepMs } from "./retention.ts";
import { openSeriesFile, type SeriesFile } from "./series-file.ts";
import {
  type KeptSeries,
  resolutions,
  type SeriesStats,
  type SeriesStore,
} from "./series-store.ts";
import { createShards, markWritten, shardSeries } from "./shards.ts";
import { beat, damage, type Open, type SqliteSeriesOptions, write } from "./write-series.ts";

export type { SqliteSeriesOptions } from "./write-series.ts";

const usualMax = 10_000;

/** @throws JOURNAL_CORRUPT, JOURNAL_NEWER, JOURNAL_UNUSABLE */
export function sqliteSeries(options: SqliteSeriesOptions): SeriesStore {
  const { readOnly = false } = options;
  const place: Place = { ...options, readOnly };
  const open = begin(openSeriesFile(place), options);
  const { file, shards, names } = open;
  let isOpen = true;
  return {
    name: "sqlite",
    idOf: (series) => {
      const id = names.idOf(series, shards.nowMs);
      if (id === undefined) shards.refuse();
      return id;
    },
    append: shards.append,
    beat: (toMs) => {
      invariant(!readOnly && isOpen, `the series in ${file.file.path} cannot be written`);
      beat(open, toMs);
    },
    read: (id, fromMs, toMs, resolution) =>
      file.file.run(() => readSeries(open, id, fromMs, toMs, resolution, () => damage(open))),
    list: (match = () => true) => [...names.all()].filter(match),
    stats: () => file.file.run(() => statsOf(open)),
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      try {
        if (!readOnly) write(open, [...shards.all.values()]);
      } finally {
        file.file.close();
      }
    },
  };
}

function begin(file: SeriesFile, options: SqliteSeriesOptions): Open {
  const { nowMs, max = usualMax, keepMs = usualKeepMs } = options;
  const shards = createShards(nowMs);
  const fresh = new Map<number, KeptSeries>();
  const forgotten = new Set<number>();
  const names = createNames({
    max,
    forgetMs: keepMs.raw,
    onNew: (series) => fresh.set(series.id, series),
    onForgotten: (id) => {
      if (!fresh.delete(id)) forgotten.add(id);
      shards.forget(id);
    },
  });
  const open = {
    file,
    shards,
    names,
    progress: new Map(),
    options,
    fresh,
    forgotten,
    damaged: 0,
    beats: 0,
  };
  try {
    file.file.run(() => remember(open));
    return open;
  } catch (error) {
    file.file.close();
    throw error;
  }
}

/** What the file says of the time before: names, how far each shard is written, and the tail. */
function remember(open: Open): void {
  const { file, shards, names, options } = open;
  // Beside a writer: all that is read is of one moment.
  if (options.readOnly) file.file.db.exec("BEGIN");
  for (const { lastMs, ...series } of file.series()) names.learn(series, lastMs);
  for (const shard of file.shardIds()) {
    const untilMs = file.untilMs("raw", shard);
    if (untilMs !== undefined) shards.open(shard, Math.min(untilMs, options.nowMs));
  }
  for (const { data } of file.tail()) {
    if (!data) damage(open);
    else readTail(open, data);
  }
  for (const shard of shards.all.values()) markWritten(shard);
}

function readTail(open: Open, data: Uint8Array): void {
  const { shards } = open;
  try {
    const input = byteReader(data);
    while (!input.isOver) {
      const shard = input.varint();
      // Of its first minutes: nothing of it is written yet.
      if (!shards.all.has(shard)) shards.open(shard, Number.NEGATIVE_INFINITY);
      decodeBlock(input.piece(), undefined, (slot, { count, at, columns: [values] }) => {
        const id = shard * shardSeries + slot;
        for (let i = 0; i < count; i++) shards.restore(id, at[i] ?? 0, values?.[i] ?? 0);
      });
    }
  } catch {
    damage(open);
  }
}

function statsOf({ file, shards, names, options, damaged }: Open): SeriesStats {
  const oldest = resolutions.flatMap((of) => {
    const atMs = file.oldestMs(of);
    return atMs === undefined ? [] : [[of, atMs] as const];
  });
  return {
    series: names.count,
    seriesMax: options.max ?? usualMax,
    points: shards.points,
    losses: { ...shards.losses },
    bytes: file.usedBytes(),
    damaged,
    oldestMs: Object.fromEntries(oldest),
  };
}
