// A line of values in a terminal: braille dots for its mean, a shade from its lowest to its highest.
import type { Stretch } from "../wiring/past-series.ts";

export interface ChartOptions {
  readonly fromMs: number;
  readonly toMs: number;
  /** Characters; each holds two times and four levels. */
  readonly columns: number;
  readonly rows: number;
}

export interface Chart {
  /** Top first; without axes. */
  readonly lines: readonly string[];
  readonly low: number;
  readonly high: number;
}

/** What came in the time of half a character. */
interface Cell {
  count: number;
  sum: number;
  min: number;
  max: number;
}

const dotsPerRow = 4;
/** Bits of a braille character by level from the bottom, of its left and its right half. */
const left = [0x40, 0x04, 0x02, 0x01] as const;
const right = [0x80, 0x20, 0x10, 0x08] as const;
const braille = 0x2800;
const shade = "░";

/** Where nothing was measured there is nothing. Undefined without a point. */
export function chartOf(stretch: Stretch, options: ChartOptions): Chart | undefined {
  const { columns, rows } = options;
  const cells = cellsOf(stretch, options);
  const there = cells.filter(({ count }) => count > 0);
  if (there.length === 0) return undefined;
  const [low, high] = range(
    Math.min(...there.map(({ min }) => min)),
    Math.max(...there.map(({ max }) => max)),
  );
  const levels = rows * dotsPerRow;
  const levelOf = (value: number): number =>
    Math.min(levels - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * levels)));
  const dots = Array.from({ length: rows }, () => new Uint8Array(columns));
  const shaded = Array.from({ length: rows }, () => new Uint8Array(columns));
  for (const [x, { count, sum, min, max }] of cells.entries()) {
    if (count === 0) continue;
    const column = Math.floor(x / 2);
    const level = levelOf(sum / count);
    const row = Math.floor(level / dotsPerRow);
    const bit = (x % 2 === 0 ? left : right)[level % dotsPerRow] ?? 0;
    const line = dots[row];
    if (line) line[column] = (line[column] ?? 0) | bit;
    const top = Math.floor(levelOf(max) / dotsPerRow);
    for (let it = Math.floor(levelOf(min) / dotsPerRow); it <= top; it++) {
      const ofRow = shaded[it];
      if (ofRow) ofRow[column] = 1;
    }
  }
  const lines = dots.map((line, row) =>
    Array.from(line, (bits, column) => {
      if (bits > 0) return String.fromCodePoint(braille + bits);
      return shaded[row]?.[column] ? shade : " ";
    })
      .join("")
      .trimEnd(),
  );
  return { lines: lines.toReversed(), low, high };
}

function cellsOf({ at, count, sum, min, max }: Stretch, options: ChartOptions): readonly Cell[] {
  const { fromMs, toMs, columns } = options;
  const size = columns * 2;
  const cells = Array.from({ length: size }, (): Cell => {
    return { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  });
  for (const [i, atMs] of at.entries()) {
    // A bucket that began before the first moment is shown at it.
    const place = Math.floor(((Math.max(fromMs, atMs) - fromMs) / (toMs - fromMs)) * size);
    const cell = cells[place];
    if (!cell) continue;
    cell.count += count[i] ?? 0;
    cell.sum += sum[i] ?? 0;
    cell.min = Math.min(cell.min, min[i] ?? 0);
    cell.max = Math.max(cell.max, max[i] ?? 0);
  }
  return cells;
}

/** One value alone gets room around it; what is nearly at zero begins there. */
function range(min: number, max: number): readonly [number, number] {
  if (min === max) return min === 0 ? [0, 1] : [min - Math.abs(min) / 2, max + Math.abs(max) / 2];
  const low = min > 0 && min < (max - min) / 2 ? 0 : min;
  return [low, max];
}
