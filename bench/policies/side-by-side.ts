// The libraries side by side: a table for people, and the same as figures for JSON.
import { type Figure, shown } from "../table.ts";

/** One line: a value for each library that has one. */
export interface Row {
  readonly title: string;
  readonly values: Readonly<Record<string, number>>;
}

const has = (value: number | undefined): value is number =>
  value !== undefined && !Number.isNaN(value);

/** `columns`: the key of each library, and what stands above its values. */
export function sideBySide(rows: readonly Row[], columns: ReadonlyMap<string, string>): string {
  const cells = [
    ["÷ a bare await, unless it says otherwise", ...columns.values()],
    ...rows.map(({ title, values }) => [
      title,
      ...[...columns.keys()].map((key) => {
        const value = values[key];
        return has(value) ? readable(value) : "-";
      }),
    ]),
  ];
  const widths = cells[0]?.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, i) =>
          i === 0 ? cell.padEnd(widths?.[i] ?? 0) : cell.padStart(widths?.[i] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}

/** The peers' values; ours are figures already. */
export function peerFigures(rows: readonly Row[], peers: readonly string[]): readonly Figure[] {
  return rows.flatMap(({ title, values }) =>
    peers.flatMap((peer) => {
      const value = values[peer];
      return has(value) ? [shown(`${peer}: ${title}`, value)] : [];
    }),
  );
}

function readable(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
