// How a bench shows its figures: one table for people, or JSON, and exit code 1 for a missed goal.

export interface Figure {
  /** What was measured, with its unit. */
  readonly name: string;
  readonly value: number;
  /** "≥ 0.3"; empty for a figure that is only shown. */
  readonly goal: string;
  readonly ok: boolean;
}

export function atLeast(name: string, value: number, goal: number): Figure {
  return { name, value, goal: `≥ ${goal}`, ok: value >= goal };
}

export function atMost(name: string, value: number, goal: number): Figure {
  return { name, value, goal: `≤ ${goal}`, ok: value <= goal };
}

/** A figure without a goal: times of a machine that others share. */
export function shown(name: string, value: number): Figure {
  return { name, value, goal: "", ok: true };
}

/** Prints the figures; the process ends with 1 when a goal was missed. */
export function report(figures: readonly Figure[], options: { readonly json: boolean }): void {
  if (figures.some((figure) => !figure.ok)) process.exitCode = 1;
  console.log(options.json ? JSON.stringify({ figures }) : table(figures));
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, goal, ok }) => [
    name,
    readable(value),
    goal,
    goal === "" ? "" : ok ? "yes" : "NO",
  ]);
  const all = [["figure", "value", "goal", "ok"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...all.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return all.map(line).join("\n");
}

/** Whole numbers with groups of three, others with three figures that count. */
function readable(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
