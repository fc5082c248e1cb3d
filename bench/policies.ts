// Measures the policies: CPU time as a ratio to a bare await, bytes, idle cost, stalls, accuracy.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { atLeast, atMost, type Figure, report, shown } from "./table.ts";

const run = promisify(execFile);

type Measured = Readonly<Record<string, number>>;

/** The new space of a process that has worked for a while: grown to its default limit. */
const grown = ["--min-semi-space-size=16"];

/** So much new space that the collector's steps do not fall into what is measured. */
const newSpace = ["--min-semi-space-size=128", "--max-semi-space-size=128"];

async function measure(
  file: string,
  flags: readonly string[] = [],
  words: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const path = join(import.meta.dirname, "policies", file);
  const all = ["--conditions=source", "--expose-gc", ...flags, path, ...words];
  const { stdout } = await run(process.execPath, all, { timeout: 120_000 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function costs(): Promise<readonly Figure[]> {
  const all: Record<string, unknown>[] = [];
  for (let i = 0; i < 5; i++) all.push(await measure("cost.ts", grown));
  const times = all.map((one) => one.median as Measured);
  const ratio = (name: string, to = "bare"): number =>
    median(times.map((one) => (one[name] ?? Number.NaN) / (one[to] ?? Number.NaN)));
  const singles = Object.keys(times[0] ?? {}).filter((name) => name.startsWith("single "));
  const failed = Object.keys(times[0] ?? {}).filter((name) => name.startsWith("failed, "));
  const worst = (names: readonly string[], to?: string): number =>
    Math.max(...names.map((name) => ratio(name, to)));
  return [
    shown("a bare await, ns of CPU", 1_000 * median(times.map((one) => one.bare ?? Number.NaN))),
    atMost("retry + breaker + timeout ÷ bare await", ratio("three"), 6.5),
    atMost("five strategies ÷ bare await", ratio("five"), 8),
    atMost(`any single one (of ${singles.length}) ÷ bare await`, worst(singles), 5),
    atMost("100 pipelines of 8 kinds, three strategies each", ratio("100 pipelines"), 6.5),
    atMost("fn reads signal ÷ bare await", ratio("fn reads signal"), 9),
    atMost("caller's signal, shared ÷ bare await", ratio("shared caller signal"), 8),
    atMost("caller's signal, fresh ÷ bare await", ratio("fresh caller signal"), 18),
    atMost("breaker open, throw ÷ bare await", ratio("open, throw"), 18),
    atMost("breaker open, outcome ÷ bare await", ratio("open, outcome"), 5),
    atMost(
      "one failure and a retry ÷ a loop by hand",
      ratio("failure and retry", "failure and retry by hand"),
      1.2,
    ),
    atMost("failed call, worst window ÷ bare reject", worst(failed, "bare reject"), 3),
  ];
}

async function memory(): Promise<readonly Figure[]> {
  const { perCall, inFlight } = (await measure("bytes.ts", newSpace)) as Measured;
  const crowd = async (flags: readonly string[], ...words: readonly string[]): Promise<number> =>
    Number((await measure("crowd.ts", flags, words)).ratio);
  return [
    atMost("20k ÷ 10k calls at once, CPU", await crowd(newSpace), 2.3),
    shown("the same in node's default new space", await crowd(grown)),
    shown("bare promises in node's default new space", await crowd(grown, "bare")),
    atMost("bytes per call", perCall ?? Number.NaN, 1_200),
    atMost("bytes per call in flight", inFlight ?? Number.NaN, 1_100),
  ];
}

async function idle(): Promise<readonly Figure[]> {
  const { alone, inPipeline, timers, idleMs } = (await measure("idle.ts")) as Measured;
  return [
    atMost("idle breaker, bytes", alone ?? Number.NaN, 900),
    shown("idle pipeline of a breaker, bytes", inPipeline ?? Number.NaN),
    atMost("timers of 5,000 idle breakers", timers ?? Number.NaN, 0),
    atMost("CPU of 5,000 idle breakers, ms in 5 s", idleMs ?? Number.NaN, 5),
  ];
}

async function time(): Promise<readonly Figure[]> {
  const measured = (await measure("stall.ts")) as Measured;
  const of = (name: string): number => measured[name] ?? Number.NaN;
  return [
    atMost("healthy calls of 60 killed by a 250 ms stall", of("killed"), 0),
    atMost("hung call over the stall ends after, ms", of("hungMs"), 100 + 250 + 20),
    atLeast("50 ms timeout, earliest, ms", of("earliestMs"), 50),
    atMost("50 ms timeout, p50, ms", of("p50Ms"), 62),
    shown("50 ms timeout, p99, ms", of("p99Ms")),
  ];
}

report([...(await costs()), ...(await memory()), ...(await idle()), ...(await time())], {
  json: process.argv.includes("--json"),
});
