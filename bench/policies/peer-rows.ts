// What the peers were measured by, beside ours: CPU of the same loops, bytes of calls and breakers.
import { readFileSync } from "node:fs";
import { type Costs, measure, newSpace } from "./measure.ts";
import { peerNames } from "./peers.ts";
import type { Row } from "./side-by-side.ts";

const ours = "homeostat";

/** What stands above each library's column: the packages with the versions that are installed. */
export function columns(): ReadonlyMap<string, string> {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { devDependencies } = JSON.parse(text) as { devDependencies: Record<string, string> };
  const versioned = (name: string): string =>
    name
      .split(" + ")
      .map((part) => `${part} ${devDependencies[part] ?? "?"}`)
      .join(" + ");
  return new Map([[ours, ours], ...peerNames.map((name) => [name, versioned(name)] as const)]);
}

/** How the peers were set, for whoever reads the table. */
export const settings: string = [
  "Set alike: 2 repeats, open at half failed of 20 calls or more in 10 s, 800 ms; all else by default:",
  "opossum's percentiles and snapshots are on, cockatiel aborts its signal on return, mollitia counts",
  "its last 10 calls. Ours counts its metrics. A failure and its retry run 100 at once for the peers.",
].join("\n");

/** The line's title, the loop's name, and the loop it is divided by. */
const loops: readonly (readonly [string, string, string?])[] = [
  ["retry + breaker + timeout", "three"],
  ["  with mollitia's window of 10 s, not of 10 calls", "three, time window"],
  ["retry alone", "single retry"],
  ["breaker alone", "single breaker"],
  ["timeout alone", "single timeout"],
  ["fallback alone", "single fallback"],
  ["bulkhead alone", "single bulkhead"],
  ["fn reads signal", "fn reads signal"],
  ["caller's signal, shared", "shared caller signal"],
  ["caller's signal, fresh", "fresh caller signal"],
  ["breaker open, throw", "open, throw"],
  ["one failure and a retry ÷ a loop by hand", "failure and retry", "failure and retry by hand"],
  ["failed call in a breaker ÷ a bare reject", "failed, time window", "bare reject"],
];

export function costRows(costs: Costs): readonly Row[] {
  return loops.map(([title, name, to]) => ({
    title,
    values: Object.fromEntries([
      [ours, costs.ratio(name, to)],
      ...peerNames.map((peer) => [peer, costs.ratio(`${peer}: ${name}`, to)]),
    ]),
  }));
}

/** `own`: what the same measurements gave for ours. */
export async function memoryRows(own: {
  readonly perCall: number;
  readonly inFlight: number;
}): Promise<readonly Row[]> {
  const perCall: Record<string, number> = { [ours]: own.perCall };
  const inFlight: Record<string, number> = { [ours]: own.inFlight };
  for (const peer of peerNames) {
    const its = await measure("bytes.ts", newSpace, peer);
    perCall[peer] = its.perCall ?? Number.NaN;
    inFlight[peer] = its.inFlight ?? Number.NaN;
  }
  return [
    { title: "bytes per call of the three", values: perCall },
    { title: "bytes per call of the three in flight", values: inFlight },
  ];
}

/** All at once: what is measured is each process's own CPU, and it waits. */
export async function idleRows(own: {
  readonly inPipeline: number;
  readonly idleMs: number;
}): Promise<readonly Row[]> {
  const its = await Promise.all(peerNames.map((peer) => measure("idle.ts", [], peer)));
  const values = (key: string, mine: number): Readonly<Record<string, number>> =>
    Object.fromEntries([
      [ours, mine],
      ...peerNames.map((peer, i) => [peer, its[i]?.[key] ?? Number.NaN]),
    ]);
  return [
    {
      title: "idle breaker that can be called, bytes",
      values: values("inPipeline", own.inPipeline),
    },
    { title: "CPU of 5,000 idle breakers, ms in 5 s", values: values("idleMs", own.idleMs) },
  ];
}

export function timeRow(measured: Readonly<Record<string, number>>): Row {
  const values = Object.fromEntries([
    [ours, measured.p50Ms ?? Number.NaN],
    ...peerNames.map((peer) => [peer, measured[`${peer}: p50Ms`] ?? Number.NaN]),
  ]);
  return { title: "50 ms timeout, p50, ms", values };
}
