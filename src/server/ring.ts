// The last rows of readings that come together: one time for all of a row, four bytes for each value.

/** What is measured at the same moments, as all figures of one process. */
export interface Ring {
  /** So many rows are kept. */
  readonly most: number;
  /** Of the newest row. */
  atMs: number;
  /** Rows since it began; row r lies at r % size. */
  rows: number;
  /** How often it began. */
  era: number;
  baseMs: number;
  times: Uint32Array;
}

/** One series of it; a row may lack its value. */
export interface Column {
  readonly ring: Ring;
  era: number;
  /** Rows of its first and its newest value; -1: none yet. */
  first: number;
  last: number;
  /** All of its values, while they are the same: what never changes takes no room. */
  same: number;
  values: Float32Array | undefined;
}

export interface Points {
  readonly at: number[];
  readonly values: number[];
}

const firstSize = 32;
const spanMs = 2 ** 32;

/** Holds `most` rows; room is taken as it is needed. */
export function createRing(most: number): Ring {
  const times = new Uint32Array(Math.min(firstSize, most));
  return { most, atMs: Number.NaN, rows: 0, era: 0, baseMs: 0, times };
}

export function addColumn(ring: Ring): Column {
  return { ring, era: ring.era, first: -1, last: -1, same: 0, values: undefined };
}

/**
 * Into the newest row, when it is of this time and has no value of this series yet, or into a new
 * one. Times may not go back; a row beyond 49 days since the first starts the ring anew.
 */
export function add(column: Column, atMs: number, value: number): void {
  const { ring } = column;
  if (column.era === ring.era && column.last === ring.rows - 1) begin(ring, atMs);
  else if (ring.atMs !== atMs) begin(ring, atMs);
  const row = ring.rows - 1;
  const kept = Math.fround(value);
  if (column.era !== ring.era || column.first < 0) {
    Object.assign(column, { era: ring.era, first: row, last: row - 1, same: kept });
    column.values = undefined;
  }
  if (kept !== column.same || column.last !== row - 1) column.values ??= spread(column);
  if (column.values) column.values = put(column.values, column, row, kept);
  column.last = row;
}

function put(
  before: Float32Array,
  { ring, last }: Column,
  row: number,
  value: number,
): Float32Array {
  const values = fit(before, ring);
  for (let gap = Math.max(last + 1, ring.rows - values.length); gap < row; gap++) {
    values[gap % values.length] = Number.NaN;
  }
  values[row % values.length] = value;
  return values;
}

/** Values of `fromMs` on, oldest first, in 24 bits. */
export function since(column: Column, fromMs: number): Points {
  const { ring, first, last, same, values } = column;
  const points: Points = { at: [], values: [] };
  const { rows, baseMs, times } = ring;
  if (first < 0 || column.era !== ring.era) return points;
  for (let row = Math.max(first, rows - times.length); row <= last; row++) {
    const atMs = baseMs + (times[row % times.length] ?? 0);
    const value = values ? (values[row % values.length] ?? Number.NaN) : same;
    if (atMs < fromMs || Number.isNaN(value)) continue;
    points.at.push(atMs);
    points.values.push(value);
  }
  return points;
}

function begin(ring: Ring, atMs: number): void {
  if (ring.rows === 0 || atMs - ring.baseMs >= spanMs) {
    Object.assign(ring, { baseMs: atMs, rows: 0, era: ring.era + 1 });
  }
  const { times, rows, most } = ring;
  if (rows === times.length && rows < most) ring.times = grown(times, most);
  ring.times[rows % ring.times.length] = Math.max(0, Math.round(atMs - ring.baseMs));
  ring.rows += 1;
  ring.atMs = atMs;
}

/** It is only grown before it comes round. */
function grown(old: Uint32Array, most: number): Uint32Array {
  const larger = new Uint32Array(Math.min(most, old.length * 2));
  larger.set(old);
  return larger;
}

function spread({ ring, first, last, same }: Column): Float32Array {
  const values = new Float32Array(ring.times.length).fill(Number.NaN);
  for (let row = Math.max(first, ring.rows - values.length); row <= last; row++) {
    values[row % values.length] = same;
  }
  return values;
}

function fit(values: Float32Array, { times }: Ring): Float32Array {
  if (values.length === times.length) return values;
  const larger = new Float32Array(times.length).fill(Number.NaN);
  larger.set(values);
  return larger;
}
