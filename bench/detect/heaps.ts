// Traces of real V8 heaps: `--record` makes them anew from processes, otherwise they are read.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Fill } from "./forecast-world.ts";

const folder = join(import.meta.dirname, "heaps");
const child = join(import.meta.dirname, "heaps-child.ts");
const run = promisify(execFile);
/** Two days and a bit, at 20 ms a minute. */
const minutes = 3_000;
const atOnce = 6;

async function ask(...args: readonly string[]): Promise<string> {
  const limits = { timeout: 300_000, maxBuffer: 1_048_576 };
  const node = [...process.execArgv, child, ...args];
  return (await run(process.execPath, node, limits)).stdout.trim();
}

/** Resident memory of each program of `heaps-child.ts` for two days that take a minute. */
export async function record(say: (text: string) => void): Promise<void> {
  const names = JSON.parse(await ask()) as readonly string[];
  mkdirSync(folder, { recursive: true });
  for (let from = 0; from < names.length; from += atOnce) {
    const some = names.slice(from, from + atOnce);
    say(some.join(", "));
    await Promise.all(
      some.map(async (name) => {
        const steps = JSON.parse(await ask(name, String(minutes))) as readonly number[];
        writeFileSync(join(folder, `${name}.json`), inLines(steps));
      }),
    );
  }
}

/** As the formatter of the repository would have it: as many to a line as fit. */
function inLines(steps: readonly number[]): string {
  const lines = [" "];
  for (const [i, step] of steps.entries()) {
    const text = i < steps.length - 1 ? `${step},` : `${step}`;
    const line = lines.at(-1) ?? "";
    if (line.length + 1 + text.length <= 100) lines[lines.length - 1] = `${line} ${text}`;
    else lines.push(`  ${text}`);
  }
  return `[\n${lines.join("\n")}\n]\n`;
}

/** Of what leaks the limit is 93 % of where it ended, of what is well `room` times its highest. */
export function readHeaps(room = 1.1): readonly Fill[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => {
      const name = file.replace(".json", "");
      const steps = JSON.parse(readFileSync(join(folder, file), "utf8")) as readonly number[];
      const rss: number[] = [];
      for (const step of steps) rss.push((rss.at(-1) ?? 0) + step);
      const leaks = name.startsWith("leak");
      const limit = leaks ? 0.93 * (rss.at(-1) ?? 0) : room * Math.max(...rss);
      const end = leaks ? rss.findIndex((it) => it >= limit) : rss.length - 1;
      const values = Float64Array.from(rss.slice(0, end + 1), (it) => it / limit);
      return { name, values, fullAt: leaks ? end : undefined };
    });
}

if (import.meta.main && process.argv.includes("--record"))
  await record((text) => console.error(text));
