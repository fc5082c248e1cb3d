// What is in memory of all series: their newest points, 64 series to a shard, and up to when each shard is written.
import { countBefore, createHead, drop, type Head, put } from "./head.ts";
import type { Losses } from "./series-store.ts";

/** A block holds what came in so long; it is made when that is over since `graceMs`. */
export const windowMs = 90_000;
const graceMs = 30_000;
/** A time further ahead is a mistake of whoever sent it. */
export const aheadMs = 60_000;
/** The wall clock went back so far: what comes now is not late. */
const backMs = 60_000;
export const shardSeries = 64;
/** Points of one series in memory: 8 a second; and when nothing can be written. */
const headMax = { usual: 1_024, held: 256 };

export interface Shard {
  readonly id: number;
  readonly heads: (Head | undefined)[];
  /** What is older is in blocks, or over. */
  openMs: number;
}

export interface Shards {
  readonly all: ReadonlyMap<number, Shard>;
  readonly nowMs: number;
  readonly points: number;
  readonly losses: Losses;
  append(id: number, atMs: number, value: number): void;
  /** As it was read from the tail. */
  restore(id: number, atMs: number, value: number): void;
  /** Nothing can be written: less is kept until it can. */
  hold(on: boolean): void;
  refuse(): void;
  /** Whether the clock was turned back. */
  advance(nowMs: number): boolean;
  /** Known from an earlier time. */
  open(shard: number, openMs: number): Shard;
  headOf(id: number): Head | undefined;
  forget(id: number): void;
}

export const shardOf = (id: number): number => Math.floor(id / shardSeries);
export const slotOf = (id: number): number => id % shardSeries;

export function createShards(startMs: number): Shards {
  const all = new Map<number, Shard>();
  const losses = { late: 0, early: 0, duplicate: 0, notFinite: 0, crowded: 0, refused: 0 };
  let nowMs = startMs;
  let points = 0;
  let most = headMax.usual;
  let latest: Shard | undefined;
  const open = (id: number, openMs: number): Shard => {
    const shard = { id, heads: new Array<Head | undefined>(shardSeries), openMs };
    all.set(id, shard);
    return shard;
  };
  const find = (id: number): Shard => {
    if (latest?.id !== id) latest = all.get(id) ?? open(id, boundary(id, nowMs - windowMs));
    return latest;
  };
  return {
    all,
    losses,
    get nowMs() {
      return nowMs;
    },
    get points() {
      return points;
    },
    append: (id, time, value) => {
      const shard = find(shardOf(id));
      const atMs = Math.round(time);
      if (!Number.isFinite(value)) losses.notFinite += 1;
      else if (!(atMs <= nowMs + aheadMs)) losses.early += 1;
      else if (atMs < shard.openMs) losses.late += 1;
      else {
        const became = put(headIn(shard, slotOf(id)), atMs, value, most);
        if (became === "new") points += 1;
        else losses[became] += 1;
      }
    },
    restore: (id, atMs, value) => {
      const shard = find(shardOf(id));
      if (atMs >= shard.openMs) put(headIn(shard, slotOf(id)), atMs, value, headMax.usual);
    },
    hold: (on) => {
      most = on ? headMax.held : headMax.usual;
    },
    refuse: () => {
      losses.refused += 1;
    },
    advance: (toMs) => {
      const isBack = toMs < nowMs - backMs;
      nowMs = toMs;
      return isBack;
    },
    open,
    headOf: (id) => all.get(shardOf(id))?.heads[slotOf(id)],
    forget: (id) => {
      const shard = all.get(shardOf(id));
      if (shard) shard.heads[slotOf(id)] = undefined;
    },
  };
}

function headIn({ heads }: Shard, slot: number): Head {
  const head = heads[slot] ?? createHead();
  heads[slot] = head;
  return head;
}

/** Up to when a shard can be written: each at another second, so that the work is even. */
export function boundary(shard: number, nowMs: number): number {
  const phase = ((shard * 7) % (windowMs / 1_000)) * 1_000;
  return Math.floor((nowMs - graceMs - phase) / windowMs) * windowMs + phase;
}

/** What of a shard is older than `untilMs`, as the entries of a block. */
export function entriesBefore({ heads }: Shard, untilMs: number): Part[] {
  return parts(heads, (head) => [0, countBefore(head, untilMs)]);
}

/** What of a shard is not in the tail, from `fromMs` on. */
export function entriesUnwritten({ heads }: Shard, fromMs: number): Part[] {
  return parts(heads, (head) => [Math.max(head.written, countBefore(head, fromMs)), head.count]);
}

interface Part {
  readonly slot: number;
  readonly at: Float64Array;
  readonly columns: readonly [Float64Array];
  readonly from: number;
  readonly to: number;
}

function parts(heads: Shard["heads"], range: (head: Head) => readonly [number, number]): Part[] {
  const found: Part[] = [];
  for (const [slot, head] of heads.entries()) {
    if (!head) continue;
    const [from, to] = range(head);
    if (to > from) found.push({ slot, at: head.atMs, columns: [head.values], from, to });
  }
  return found;
}

/** They are in a block now. */
export function dropBefore(shard: Shard, untilMs: number): void {
  shard.openMs = untilMs;
  for (const head of shard.heads) if (head) drop(head, countBefore(head, untilMs));
}

/** They are in the tail now. */
export function markWritten({ heads }: Shard): void {
  for (const head of heads) if (head) head.written = head.count;
}
