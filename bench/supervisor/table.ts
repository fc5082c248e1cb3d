// The table of the supervisors: a row a figure, a column each, our goal and whether we meet it.
import type { Figure } from "../table.ts";

export const ours = "homeostat";
const notBuilt = "not yet";
export const notInstalled = "not installed";

/** A figure with its spread, a figure alone, or why there is none. */
export type Cell = string | number | { readonly median: number; readonly p95: number };

export interface Row {
  readonly figure: string;
  readonly cells: Readonly<Record<string, Cell | undefined>>;
  /** "≤ 3"; absent for a row that is only shown. */
  readonly goal?: string;
  readonly ok?: boolean;
  /** How often it was measured. */
  readonly n?: number;
}

type Cells = Row["cells"];

export const medianOf = (cell: Cell | undefined): number =>
  typeof cell === "object" ? cell.median : typeof cell === "number" ? cell : Number.NaN;

/** Our figure must not be over the goal; `goalText` says it where the goal is itself measured. */
export function atMost(figure: string, cells: Cells, goal: number, goalText?: string): Row {
  return {
    figure,
    cells,
    goal: goalText ?? `≤ ${readable(goal)}`,
    ok: medianOf(cells[ours]) <= goal,
  };
}

export function atLeast(figure: string, cells: Cells, goal: number): Row {
  return { figure, cells, goal: `≥ ${readable(goal)}`, ok: medianOf(cells[ours]) >= goal };
}

export function shown(figure: string, cells: Cells): Row {
  return { figure, cells };
}

/** What is not built yet: missed, and said so. */
export function notYet(figure: string, goal: string): Row {
  return { figure, cells: { [ours]: notBuilt }, goal, ok: false };
}

export function spread(values: readonly number[]): Cell {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
}

export function print(rows: readonly Row[], columns: readonly string[]): string {
  const used = columns.filter((name) => rows.some(({ cells }) => cells[name] !== undefined));
  const all = [
    ["figure; median [p95]", "n", ...used, "goal", "ok"],
    ...rows.map((row) => [
      row.figure,
      row.n === undefined ? "" : String(row.n),
      ...used.map((name) => text(row.cells[name])),
      row.goal ?? "",
      row.ok === undefined ? "" : row.ok ? "yes" : "NO",
    ]),
  ];
  const widths = (all[0] ?? []).map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number): string =>
    i === 0 || i > used.length + 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return all.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** How many goals are met, and why the others are not. */
export function verdict(rows: readonly Row[]): string {
  const held = rows.filter(({ ok }) => ok !== undefined);
  const met = held.filter(({ ok }) => ok).length;
  const later = held.filter(({ cells }) => cells[ours] === notBuilt).length;
  const absent = rows.filter(({ cells }) => Object.values(cells).includes(notInstalled)).length;
  return `${met} of ${held.length} goals are met; ${later} of the others wait for what is not built yet; ${absent} supervisors are not installed`;
}

/** For JSON: ours with its goal, and each peer's beside it. */
export function figuresOf(rows: readonly Row[]): readonly Figure[] {
  return rows.flatMap((row) =>
    Object.entries(row.cells).flatMap(([name, cell]) => {
      const isOurs = name === ours;
      const goal = isOurs ? (row.goal ?? "") : "";
      const figure = isOurs ? row.figure : `${name}: ${row.figure}`;
      const ok = isOurs ? (row.ok ?? true) : true;
      if (cell === undefined) return [];
      // "never", "not installed": no number.
      if (typeof cell === "string")
        return [{ name: `${figure}: ${cell}`, value: Number.NaN, goal, ok }];
      const one = { name: figure, value: medianOf(cell), goal, ok };
      if (typeof cell === "number") return [one];
      return [one, { name: `${figure}, p95`, value: cell.p95, goal: "", ok: true }];
    }),
  );
}

function text(cell: Cell | undefined): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return readable(cell);
  return `${readable(cell.median)} [${readable(cell.p95)}]`;
}

/** Three figures that count; what never came is called so. */
function readable(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "never";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
