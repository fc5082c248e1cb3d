// Plays the scenarios on each library in a process of its own, and shows the verdicts side by side.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Verdict } from "./library.ts";
import { scenarios } from "./scenarios.ts";

const run = promisify(execFile);

export interface Examined {
  readonly name: string;
  /** In the order of the scenarios. */
  readonly verdicts: readonly Verdict[];
  /** Rejected promises that the library itself made and left to nobody. */
  readonly unhandled: number;
}

/** So much new space that calls at once are told from collections. */
const newSpace = ["--min-semi-space-size=64", "--max-semi-space-size=64"];

/** A process of its own: a library that hangs or breaks takes nothing with it. */
export async function examine(name: string): Promise<Examined> {
  const path = join(import.meta.dirname, "examine.ts");
  const args = ["--conditions=source", ...newSpace, path, name];
  const { stdout } = await run(process.execPath, args, { timeout: 120_000 });
  const { verdicts, unhandled } = JSON.parse(stdout) as Omit<Examined, "name">;
  return { name, verdicts, unhandled };
}

export function defectsOf({ verdicts }: Examined): number {
  return verdicts.filter(({ is }) => is === "defect").length;
}

const marks = { ok: "ok", defect: "DEFECT", "not applicable": "-" } as const;

/** One line a scenario, one column a library; below it what was seen of each defect. */
export function tableOf(examined: readonly Examined[]): string {
  const rows = [
    ["scenario", ...examined.map(({ name }) => name)],
    ...scenarios.map(({ n, title }, i) => [
      `${String(n).padStart(2)} ${title}`,
      ...examined.map(({ verdicts }) => marks[verdicts[i]?.is ?? "defect"]),
    ]),
    ["   defects", ...examined.map((one) => String(defectsOf(one)))],
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "", ...seen(examined)].join("\n");
}

function seen(examined: readonly Examined[]): readonly string[] {
  return examined.flatMap(({ name, verdicts }) =>
    verdicts.flatMap(({ is, found }, i) =>
      is === "defect" ? [`${name}, ${scenarios[i]?.n}: ${found}`] : [],
    ),
  );
}
