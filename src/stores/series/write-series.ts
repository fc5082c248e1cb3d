// What is due of an open store of series is written: blocks, the tail, what is rolled up, what goes.
import { type ByteWriter, byteWriter, encodeBlock } from "./block.ts";
import type { Names } from "./names.ts";
import { dropExcess, dropOld, type KeepMs, usualKeepMs } from "./retention.ts";
import { type Progress, progressOf, rollOnce, turnBack } from "./roll-up.ts";
import type { SeriesFile } from "./series-file.ts";
import type { KeptSeries } from "./series-store.ts";
import {
  aheadMs,
  boundary,
  dropBefore,
  entriesBefore,
  entriesUnwritten,
  markWritten,
  type Shard,
  type Shards,
  shardSeries,
} from "./shards.ts";

export interface SqliteSeriesOptions {
  /** Holds series.db; it must be there. */
  readonly folder: string;
  readonly project: string;
  /** Ms since 1970. */
  readonly nowMs: number;
  /** Series at most; 10 000 unless told. */
  readonly max?: number;
  readonly keepMs?: KeepMs;
  /** Of the file; 512 MB unless told. */
  readonly maxBytes?: number;
  /** For looking on while a writer is there: what it has in its memory only is not seen. */
  readonly readOnly?: boolean;
}

/** The work of a round is done in so many beats when there are many series: at most ten seconds. */
const beatsPerRound = 10;
const shardsPerBeat = 16;
const rollsPerBeat = 1;
const beatsPerDrop = 60;
const beatsPerNote = 3_600;
/** What is in the log of SQLite only is lost when the power fails. */
const beatsPerCheckpoint = 300;
const usualMaxBytes = 512_000_000;

/** What the parts of an open store have in common. */
export interface Open {
  readonly file: SeriesFile;
  readonly shards: Shards;
  readonly names: Names;
  readonly progress: Map<number, Progress>;
  readonly options: SqliteSeriesOptions;
  /** Changes of names that are not in the file yet. */
  readonly fresh: Map<number, KeptSeries>;
  readonly forgotten: Set<number>;
  damaged: number;
  beats: number;
}

export function damage(open: Open): void {
  open.damaged += 1;
}

/** A bounded piece of what is due, in one transaction. */
export function beat(open: Open, nowMs: number): void {
  const { file, shards } = open;
  const beforeMs = shards.nowMs;
  if (shards.advance(nowMs)) goBack(open, beforeMs);
  const groups = Math.min(beatsPerRound, Math.ceil(shards.all.size / shardsPerBeat));
  const turn = open.beats % beatsPerRound;
  open.beats += 1;
  if (turn < groups) {
    write(
      open,
      [...shards.all.values()].filter(({ id }) => id % groups === turn),
    );
  }
  if (open.beats % beatsPerDrop === 0) dropSome(open);
  if (open.beats % beatsPerCheckpoint === 0) {
    file.file.run(() => file.file.db.exec("PRAGMA wal_checkpoint(PASSIVE)"));
  }
}

/** What came by the clock as it was is written first; then each shard is open for what comes now. */
function goBack(open: Open, beforeMs: number): void {
  const { shards, progress } = open;
  const all = [...shards.all.values()];
  write(open, all, beforeMs + 2 * aheadMs);
  for (const shard of all) shard.openMs = boundary(shard.id, shards.nowMs);
  for (const of of progress.values()) turnBack(of, shards.nowMs);
}

/** Blocks of what is over, the tail of what is not, and a few windows rolled up: all of it or nothing. */
export function write(open: Open, group: readonly Shard[], untilMs?: number): void {
  const { file, shards, fresh, forgotten } = open;
  const done: (() => void)[] = [];
  try {
    file.file.write(() => {
      for (const series of fresh.values()) file.addSeries(series, shards.nowMs);
      for (const id of forgotten) file.forgetSeries(id);
      const tail = byteWriter();
      for (const shard of group) writeShard(open, shard, tail, done, untilMs);
      const bytes = tail.bytes();
      if (bytes.length > 0) file.addTail(shards.nowMs + aheadMs, bytes);
      file.dropTail(Math.min(...[...shards.all.values()].map(({ openMs }) => openMs)));
      rollSome(open, group, done);
    });
  } catch (error) {
    shards.hold(true);
    throw error;
  }
  shards.hold(false);
  fresh.clear();
  forgotten.clear();
  for (const it of done) it();
}

function writeShard(
  { file, shards, names }: Open,
  shard: Shard,
  tail: ByteWriter,
  done: (() => void)[],
  given: number | undefined,
): void {
  const untilMs = Math.max(shard.openMs, given ?? boundary(shard.id, shards.nowMs));
  const over = untilMs > shard.openMs ? entriesBefore(shard, untilMs) : [];
  if (over.length > 0) {
    const fromMs = Math.min(...over.map(({ at, from }) => at[from] ?? 0));
    file.addBlock("raw", { shard: shard.id, fromMs, untilMs, data: encodeBlock(over, 1) });
  }
  const left = entriesUnwritten(shard, untilMs);
  if (left.length > 0) {
    tail.varint(shard.id);
    tail.piece(encodeBlock(left, 1));
  }
  done.push(() => {
    for (const { slot, at, to } of over) names.seen(shard.id * shardSeries + slot, at[to - 1] ?? 0);
    markWritten(shard);
    dropBefore(shard, untilMs);
  });
}

function rollSome(open: Open, group: readonly Shard[], done: (() => void)[]): void {
  const { file, shards, progress } = open;
  let left = rollsPerBeat;
  for (const { id, openMs } of group) {
    const of = progress.get(id) ?? progressOf(file, id, shards.nowMs);
    progress.set(id, of);
    const rolled = rollOnce(file, id, openMs, of, () => damage(open));
    if (!rolled) continue;
    done.push(rolled);
    left -= 1;
    if (left === 0) return;
  }
}

function dropSome({ file, shards, names, options, beats }: Open): void {
  const { keepMs = usualKeepMs, maxBytes = usualMaxBytes } = options;
  file.file.write(() => {
    dropOld(file, keepMs, shards.nowMs);
    dropExcess(file, maxBytes, shards.nowMs);
    if (beats % beatsPerNote === 0) noteLast(file, names);
  });
}

/** When each was last heard of: who is silent for long makes room for another one. */
function noteLast(file: SeriesFile, names: Names): void {
  for (const { id } of names.all()) file.noteLast(id, names.lastMs(id));
}
