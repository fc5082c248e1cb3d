// Where a series was at its lowest and highest in each piece of time: the last hours, days and records.

/**
 * The numbers of one series: a ring each of lows and highs. A span is what an hour is to a horizon
 * of four: everything is a multiple of a piece, so that one setting makes it fast or slow.
 */
export type Block = readonly number[];

interface Ring {
  readonly at: number;
  readonly size: number;
  /** Pieces that one entry is made of. */
  readonly pieces: number;
}

/** 12 pieces are a span: with pieces of 5 minutes an hour. */
export const spanPieces = 12;
const fine: Ring = { at: 1, size: 48, pieces: 1 };
const coarse: Ring = { at: 97, size: 48, pieces: 6 };
const long: Ring = { at: 193, size: 120, pieces: 12 };
/** Doubles per series. */
export const blockSize = 433;

/** No value is there: high is under low. */
const none = 1e308;

export function emptyBlock(): number[] {
  const block = new Array<number>(blockSize).fill(0);
  block[0] = -1;
  for (const ring of [fine, coarse, long]) {
    block.fill(none, ring.at, ring.at + ring.size);
    block.fill(-none, ring.at + ring.size, ring.at + 2 * ring.size);
  }
  return block;
}

/** The number of the last piece, -1 before the first. */
export function lastPiece(block: Block): number {
  return block[0] ?? -1;
}

/** Takes a piece into its place; `piece` is after all before it. Those between had no reading. */
export function addPiece(block: number[], piece: number, low: number, high: number): void {
  const before = lastPiece(block);
  for (const { at, size, pieces } of [fine, coarse, long]) {
    const entry = Math.floor(piece / pieces);
    const known = before < 0 ? entry - size : Math.floor(before / pieces);
    for (let skipped = Math.max(known, entry - size) + 1; skipped <= entry; skipped++) {
      block[at + (skipped % size)] = none;
      block[at + size + (skipped % size)] = -none;
    }
    const slot = at + (entry % size);
    block[slot] = Math.min(block[slot] ?? none, low);
    block[slot + size] = Math.max(block[slot + size] ?? -none, high);
  }
  block[0] = piece;
}

/** Oldest first; NaN where there was no reading. */
export interface Envelope {
  readonly lows: readonly number[];
  readonly highs: readonly number[];
  /** Pieces from one entry to the next. */
  readonly pieces: number;
}

function read(block: Block, { at, size, pieces }: Ring, count: number): Envelope {
  const end = Math.floor(lastPiece(block) / pieces);
  const of = (from: number): readonly number[] => {
    const values = new Array<number>(count);
    for (let i = 0; i < count; i++) {
      const value = block[from + ((end - count + 1 + i + size) % size)] ?? none;
      values[i] = value === none || value === -none ? Number.NaN : value;
    }
    return values;
  };
  return { lows: of(at), highs: of(at + size), pieces };
}

/** The windows that a trend is looked for in: one span, four, and twenty-four. */
export function windowsOf(block: Block): readonly [Envelope, Envelope, Envelope] {
  return [read(block, fine, 12), read(block, fine, 48), read(block, coarse, 48)];
}

/** Up to 120 spans, the one that is not over among them. */
export function spansOf(block: Block): Envelope {
  return read(block, long, 120);
}

/** Of the last pieces, at most as long ago as a quarter of a span. */
export function latestHigh(block: Block): number {
  return Math.max(...read(block, fine, 3).highs.filter((it) => !Number.isNaN(it)));
}
