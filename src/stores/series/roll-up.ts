// Rolls the blocks of a shard up, from each resolution to the next, one window at a time.
import { type Columns, decodeBlock, encodeBlock } from "./block.ts";
import { createRoll, type Roll } from "./roll.ts";
import type { SeriesFile } from "./series-file.ts";
import { type Resolution, type Stretch, stepMs } from "./series-store.ts";
import { emptyStretch, pointsInOrder } from "./stretch.ts";

/** A block of buckets holds so many of each series. */
const bucketsPerBlock = 120;

export type Rolled = Exclude<Resolution, "raw">;
export const rolledUp: readonly Rolled[] = ["10s", "1m", "10m", "1h"];
export const finerThan: Readonly<Record<Rolled, Resolution>> = {
  "10s": "raw",
  "1m": "10s",
  "10m": "1m",
  "1h": "10m",
};

/** How long a block of buckets is: 20 min, 2 h, 20 h, 5 days. */
export const spanMs = (of: Rolled): number => stepMs[of] * bucketsPerBlock;

export const columnsOf = (of: Resolution): number => (of === "raw" ? 1 : 5);

/** What blocks say of one series. */
export function stretchIn(
  of: Resolution,
  blocks: readonly { readonly data: Uint8Array }[],
  wanted: number,
  onDamaged: () => void,
): Stretch {
  const found = emptyStretch();
  for (const { data } of blocks) {
    each(data, wanted, onDamaged, (_, { count, at, columns }) => {
      add(found.at, at, count);
      const [first, second, third, fourth, fifth] = columns;
      if (of === "raw") {
        add(found.last, first, count);
        return;
      }
      add(found.count, first, count);
      add(found.min, second, count);
      add(found.max, third, count);
      add(found.sum, fourth, count);
      add(found.last, fifth, count);
    });
  }
  return of === "raw" ? pointsInOrder(found.at, found.last) : found;
}

function each(
  data: Uint8Array,
  wanted: number | undefined,
  onDamaged: () => void,
  take: (slot: number, found: Columns) => void,
): void {
  try {
    decodeBlock(data, wanted, take);
  } catch (error) {
    // Its checksum is right, so that another version wrote it: what it holds is counted as missing.
    if (!(error instanceof RangeError)) throw error;
    onDamaged();
  }
}

function add(to: number[], from: Float64Array | undefined, count: number): void {
  for (let i = 0; i < count; i++) to.push(from?.[i] ?? 0);
}

/** When the window that comes next for a shard is over, as far as is known. */
export interface Progress {
  /** Up to here it is rolled up. */
  readonly untilMs: Record<Rolled, number>;
  readonly nextMs: Record<Rolled, number>;
}

export function progressOf(file: SeriesFile, shard: number, nowMs: number): Progress {
  const untilMs = (of: Rolled): number => {
    const found = file.untilMs(of, shard) ?? Number.NEGATIVE_INFINITY;
    return Math.min(found, Math.floor(nowMs / spanMs(of)) * spanMs(of));
  };
  return {
    untilMs: {
      "10s": untilMs("10s"),
      "1m": untilMs("1m"),
      "10m": untilMs("10m"),
      "1h": untilMs("1h"),
    },
    nextMs: { "10s": 0, "1m": 0, "10m": 0, "1h": 0 },
  };
}

/** The clock went back: what is rolled up of times that come again is joined when it is read. */
export function turnBack({ untilMs, nextMs }: Progress, nowMs: number): void {
  for (const of of rolledUp) {
    untilMs[of] = Math.min(untilMs[of], Math.floor(nowMs / spanMs(of)) * spanMs(of));
    nextMs[of] = 0;
  }
}

/**
 * Rolls one window of a shard up, when there is one that is over at `openMs`; what to do once that
 * is durable, or undefined when there is none.
 */
export function rollOnce(
  file: SeriesFile,
  shard: number,
  openMs: number,
  progress: Progress,
  onDamaged: () => void,
): (() => void) | undefined {
  for (const of of rolledUp) {
    const finer = finerThan[of];
    const readyMs = finer === "raw" ? openMs : progress.untilMs[finer];
    if (readyMs < progress.nextMs[of] || readyMs === Number.NEGATIVE_INFINITY) continue;
    const span = spanMs(of);
    const first = file.firstAfter(finer, shard, progress.untilMs[of]);
    const startMs =
      Math.floor(Math.max(first?.fromMs ?? readyMs, progress.untilMs[of]) / span) * span;
    const endMs = startMs + span;
    if (!first || endMs > readyMs) {
      progress.nextMs[of] = endMs;
      continue;
    }
    rollWindow(file, shard, of, startMs, onDamaged);
    return () => {
      progress.untilMs[of] = endMs;
      progress.nextMs[of] = endMs + span;
    };
  }
  return undefined;
}

function rollWindow(
  file: SeriesFile,
  shard: number,
  of: Rolled,
  startMs: number,
  onDamaged: () => void,
): void {
  const endMs = startMs + spanMs(of);
  const finer = finerThan[of];
  const blocks = file.blocks(finer, shard, startMs, endMs);
  for (const block of blocks) if (!block) onDamaged();
  const rolls = new Map<number, Roll>();
  for (const block of blocks) {
    if (!block) continue;
    each(block.data, undefined, onDamaged, (slot, { count, at, columns }) => {
      const roll = rolls.get(slot) ?? createRoll(stepMs[of]);
      rolls.set(slot, roll);
      roll.add(finer === "raw", at, columns, count, startMs, endMs);
    });
  }
  const entries = [...rolls].flatMap(([slot, roll]) => {
    const { at, count, min, max, sum, last } = roll.end();
    if (at.length === 0) return [];
    return [{ slot, at, columns: [count, min, max, sum, last], from: 0, to: at.length }];
  });
  if (entries.length === 0) return;
  const data = encodeBlock(entries, columnsOf(of));
  file.addBlock(of, { shard, fromMs: startMs, untilMs: endMs, data });
}
