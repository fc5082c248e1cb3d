// Runs the processes of the bench: one measurement each, several times where it is of CPU time.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { singles } from "./singles.ts";

const run = promisify(execFile);

/** The new space of a process that has worked for a while: grown to its default limit. */
export const grown: readonly string[] = ["--min-semi-space-size=16"];

/** So much new space that the collector's steps do not fall into what is measured. */
export const newSpace: readonly string[] = [
  "--min-semi-space-size=128",
  "--max-semi-space-size=128",
];

/** What a file of this folder printed. */
export async function measure<Told extends object = Readonly<Record<string, number>>>(
  file: string,
  flags: readonly string[] = [],
  ...words: readonly string[]
): Promise<Told> {
  const path = join(import.meta.dirname, file);
  const all = ["--conditions=source", "--expose-gc", ...flags, path, ...words];
  const { stdout } = await run(process.execPath, all, { timeout: 120_000 });
  return JSON.parse(stdout) as Told;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** CPU time of the loops, over several processes. */
export interface Costs {
  /** Microseconds a call. */
  of(name: string): number;
  /** Each process has its own ratio, as its machine was the same for both; their median. */
  ratio(name: string, to?: string): number;
  /** The names of the loops that begin so. */
  like(start: string): readonly string[];
}

interface Medians {
  readonly median: Readonly<Record<string, number>>;
}

function of(one: Readonly<Record<string, number>>, name: string): number {
  return one[name] ?? Number.NaN;
}

/** Each further strategy in a process of its own, told for a bare await of `bare` microseconds. */
async function alone(bare: number): Promise<Readonly<Record<string, number>>> {
  const costs: Record<string, number> = {};
  for (const name of Object.keys(singles)) {
    if (name === "bare") continue;
    const { median } = await measure<Medians>("cost.ts", grown, name);
    costs[name] = (bare * of(median, name)) / of(median, "bare");
  }
  return costs;
}

export async function measureCosts(processes: number): Promise<Costs> {
  const all: Readonly<Record<string, number>>[] = [];
  for (let i = 0; i < processes; i++) {
    const { median } = await measure<Medians>("cost.ts", grown);
    all.push({ ...(await alone(of(median, "bare"))), ...median });
  }
  return {
    of: (name) => median(all.map((one) => of(one, name))),
    ratio: (name, to = "bare") => median(all.map((one) => of(one, name) / of(one, to))),
    like: (start) => Object.keys(all[0] ?? {}).filter((name) => name.startsWith(start)),
  };
}
