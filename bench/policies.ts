// Measures the policies: CPU time as a ratio to a bare await, bytes, idle cost, stalls, accuracy; the peers beside.
import { libraries } from "../test/peers/scenarios.ts";
import { defectsOf, examine, tableOf } from "../test/peers/verdicts.ts";
import { type Costs, grown, measure, measureCosts, newSpace } from "./policies/measure.ts";
import {
  columns,
  costRows,
  idleRows,
  memoryRows,
  settings,
  timeRow,
} from "./policies/peer-rows.ts";
import { peerNames } from "./policies/peers.ts";
import { peerFigures, type Row, sideBySide } from "./policies/side-by-side.ts";
import { atLeast, atMost, type Figure, report, shown } from "./table.ts";

function costs({ of, ratio, like }: Costs): readonly Figure[] {
  const worst = (names: readonly string[], to?: string): number =>
    Math.max(...names.map((name) => ratio(name, to)));
  const singles = like("single ");
  return [
    shown("a bare await, ns of CPU", 1_000 * of("bare")),
    atMost("retry + breaker + timeout ÷ bare await", ratio("three"), 6.5),
    atLeast("the same of cockatiel ÷ ours", ratio("cockatiel: three", "three"), 20),
    atMost("five strategies ÷ bare await", ratio("five"), 8),
    atMost(`any single one (worst of ${singles.length}) ÷ bare await`, worst(singles), 5),
    ...singles.map((name) => shown(`  ${name.slice("single ".length)}`, ratio(name))),
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
    atMost("failed call, worst window ÷ bare reject", worst(like("failed, "), "bare reject"), 3),
  ];
}

interface Part {
  readonly figures: readonly Figure[];
  readonly rows: readonly Row[];
}

async function memory(): Promise<Part> {
  const { perCall = Number.NaN, inFlight = Number.NaN } = await measure("bytes.ts", newSpace);
  const crowd = async (flags: readonly string[], ...words: readonly string[]): Promise<number> =>
    Number((await measure("crowd.ts", flags, ...words)).ratio);
  const figures = [
    atMost("20k ÷ 10k calls at once, CPU", await crowd(newSpace), 2.3),
    shown("the same in node's default new space", await crowd(grown)),
    shown("bare promises in node's default new space", await crowd(grown, "bare")),
    atMost("bytes per call", perCall, 1_200),
    atMost("bytes per call in flight", inFlight, 1_100),
  ];
  return { figures, rows: await memoryRows({ perCall, inFlight }) };
}

async function idle(): Promise<Part> {
  const {
    alone = Number.NaN,
    inPipeline = Number.NaN,
    timers = Number.NaN,
    idleMs = Number.NaN,
  } = await measure("idle.ts");
  const figures = [
    atMost("idle breaker, bytes", alone, 900),
    shown("idle pipeline of a breaker, bytes", inPipeline),
    atMost("timers of 5,000 idle breakers", timers, 0),
    atMost("CPU of 5,000 idle breakers, ms in 5 s", idleMs, 5),
  ];
  return { figures, rows: await idleRows({ inPipeline, idleMs }) };
}

async function time(): Promise<Part> {
  const measured = await measure("stall.ts");
  const of = (name: string): number => measured[name] ?? Number.NaN;
  const figures = [
    atMost(`healthy calls of ${of("healthy")} killed by a 250 ms stall`, of("killed"), 0),
    atMost("hung call over the stall ends after, ms", of("hungMs"), 100 + 250 + 20),
    atLeast("50 ms timeout, earliest, ms", of("earliestMs"), 50),
    atMost("50 ms timeout, p50, ms", of("p50Ms"), 62),
    shown("50 ms timeout, p99, ms", of("p99Ms")),
  ];
  return { figures, rows: [timeRow(measured)] };
}

async function amplification(): Promise<Figure> {
  const { amplification = Number.NaN } = await measure("amplification.ts");
  return atMost("attempts a call when all fail at 200 calls/s", amplification, 1.25);
}

const json = process.argv.includes("--json");
const spent = await measureCosts(5);
const remembered = await memory();
// Both mostly wait, and neither measures what the other disturbs.
const [rested, examined] = await Promise.all([
  idle(),
  Promise.all(libraries.map(({ name }) => examine(name))),
]);
const timed = await time();
const rows = [...costRows(spent), ...remembered.rows, ...rested.rows, ...timed.rows];
const [mine, ...others] = examined;
const defects = [
  atMost("defects of the twelve that ours has", mine ? defectsOf(mine) : Number.NaN, 0),
  ...others.map((one) => shown(`defects of the twelve that ${one.name} has`, defectsOf(one))),
];
const figures = [
  ...costs(spent),
  ...remembered.figures,
  ...rested.figures,
  ...timed.figures,
  await amplification(),
  ...defects,
];

if (!json) console.log(`${tableOf(examined)}\n`);
report(json ? [...figures, ...peerFigures(rows, peerNames)] : figures, { json });
if (!json) console.log(`\n${sideBySide(rows, columns())}\n\n${settings}`);
