// Runs the measured processes: each many times by turns in fresh processes, and once for long, at rest.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { bundle } from "../../scripts/build.ts";
import { root } from "../../scripts/run.ts";
import { programOf, subjects, type Told } from "./subjects.ts";

const limitMs = 60_000;
/** Until the watchdog's thread is there. */
const settleMs = 300;
/** Until V8 has tidied up after the start, which it does once: 25 ms of CPU for each thread. */
const restMs = 12_000;

/** The built package in `folder` as a user has it, and the programs that use it. */
export async function prepare(folder: string): Promise<void> {
  const home = join(folder, "node_modules/homeostat");
  mkdirSync(home, { recursive: true });
  await bundle(join(home, "dist"));
  cpSync(join(root, "package.json"), join(home, "package.json"));
  writeFileSync(join(folder, "package.json"), "{}");
  for (const subject of subjects) {
    writeFileSync(join(folder, `${subject.name}.mjs`), programOf(subject));
  }
}

async function once(
  folder: string,
  name: string,
  { idleMs = 0, cache = "" }: { readonly idleMs?: number; readonly cache?: string } = {},
): Promise<Told> {
  const { NODE_OPTIONS: _, NODE_COMPILE_CACHE: __, ...env } = process.env;
  const waits = [idleMs > 0 ? restMs : settleMs, idleMs].map(String);
  const args = [join(folder, `${name}.mjs`), ...waits];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: cache === "" ? env : { ...env, NODE_COMPILE_CACHE: cache },
    // Its outputs are pipes, as in a container.
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  const [, out, err, told] = child.stdio;
  const read = [out, err, told].map((stream) => text(stream as Readable));
  const [, problem, answer] = await Promise.all(read);
  if (!answer) throw new Error(`the process "${name}" told nothing:\n${problem}`);
  return JSON.parse(answer);
}

export interface Measured {
  /** The median over all runs of a subject. */
  of(name: string, figure: keyof Told): number;
  /** The same, less that of the process without it. */
  added(name: string, figure: keyof Told): number;
}

/** By turns, so that whatever else the machine does falls on all of them. */
export async function measured(
  folder: string,
  rounds: number,
  names: readonly string[] = subjects.map(({ name }) => name),
  cache = "",
): Promise<Measured> {
  const all = new Map<string, Told[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, each] of all) each.push(await once(folder, name, { cache }));
  }
  return medians(all);
}

/** All at once, as none of them does anything. */
export async function atRest(folder: string, idleMs: number): Promise<Measured> {
  const told = subjects.map(
    async ({ name }) => [name, [await once(folder, name, { idleMs })]] as const,
  );
  return medians(new Map(await Promise.all(told)));
}

function medians(all: ReadonlyMap<string, readonly Told[]>): Measured {
  const of = (name: string, figure: keyof Told): number => {
    const values = (all.get(name) ?? []).map((told) => told[figure]);
    return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  };
  return {
    of,
    added: (name, figure) => {
      const without = subjects.find((subject) => subject.name === name)?.without ?? "";
      return of(name, figure) - of(without, figure);
    },
  };
}
