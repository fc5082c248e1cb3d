// npm run bench:gateway -- [--rounds N] [--seconds N] [--json]: our data plane and others at the same work.
import { parseArgs } from "node:util";
import { freePorts } from "../test/process/support/project.ts";
import { changes } from "./gateway/changes.ts";
import { half } from "./gateway/half.ts";
import { idle } from "./gateway/idle.ts";
import { kills } from "./gateway/kills.ts";
import { load, median, type Round } from "./gateway/load.ts";
import { ownDeath } from "./gateway/own-death.ts";
import { findPeers, startOurs } from "./gateway/peers.ts";
import { createStage, type Started } from "./gateway/stage.ts";
import { loadAverage } from "./supervisor/processes.ts";
import {
  atLeast,
  atMost,
  figuresOf,
  medianOf,
  ours,
  print,
  type Row,
  shown,
} from "./supervisor/table.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    json: { type: "boolean", default: false },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const peers = await findPeers(say);
const stage = await createStage();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => void stage.end().finally(() => process.exit(130)));
}
const rows: Row[] = [];
const names = ["direct", ours, ...peers.map(({ name }) => name)];
try {
  rows.push(...(await throughput()));
  for (const part of [half, idle, changes, kills, ownDeath]) {
    say(part.name);
    rows.push(...(await part(stage)));
  }
} finally {
  await stage.end();
}
const text = "load average of the machine at the end";
rows.push(shown(text, { [ours]: loadAverage() }));
if (values.json) console.log(JSON.stringify({ figures: figuresOf(rows) }));
else console.log(print(rows, names));
if (rows.some(({ ok }) => ok === false)) process.exitCode = 1;

/** All stand before the same upstream and are asked in turn, so that a busy minute hits all. */
async function throughput(): Promise<readonly Row[]> {
  const [upstream = 0, ...ports] = await freePorts(peers.length + 2);
  const direct = await stage.start([stage.server, String(upstream)], upstream);
  const proxies = new Map<string, { readonly port: number; readonly proxy: Started }>();
  proxies.set("direct", { port: upstream, proxy: direct });
  const mine = ports[0] ?? 0;
  const own = await startOurs(stage, mine, [upstream]);
  proxies.set(ours, { port: mine, proxy: own });
  for (const [i, peer] of peers.entries()) {
    const port = ports[i + 1] ?? 0;
    proxies.set(peer.name, { port, proxy: await peer.start(stage, port, [upstream]) });
  }
  const busy = new Map<string, Round[]>();
  const light = new Map<string, Round[]>();
  for (const { port, proxy } of proxies.values()) {
    await load(port, proxy, { connections: 50, seconds: 1 });
  }
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}, load ${loadAverage()}`);
    for (const [name, { port, proxy }] of proxies) {
      add(busy, name, await load(port, proxy, { connections: 50, seconds }));
      add(light, name, await load(port, proxy, { connections: 2, seconds: 1 }));
    }
  }
  own.close();
  await Promise.all([...proxies.values()].map(({ proxy }) => proxy.end()));
  return figures(busy, light);
}

function add(to: Map<string, Round[]>, name: string, round: Round): void {
  to.set(name, [...(to.get(name) ?? []), round]);
}

function figures(busy: Map<string, Round[]>, light: Map<string, Round[]>): readonly Row[] {
  const cells = (
    from: Map<string, Round[]>,
    of: (round: Round) => number,
  ): Record<string, number> =>
    Object.fromEntries([...from].map(([name, list]) => [name, median(list.map(of))]));
  const perSecond = cells(busy, (round) => round.perSecond);
  const cpu = cells(busy, (round) => round.cpuUs);
  /** Ratios of the same round: a minute in which the machine was busy hits both. */
  const ratios = (to: string, of: (round: Round) => number): number => {
    const theirs = busy.get(to) ?? [];
    const mine = busy.get(ours) ?? [];
    return median(mine.map((round, i) => of(round) / of(theirs[i] ?? round)));
  };
  const ratioRow = (to: string, goal: number): readonly Row[] =>
    busy.has(to)
      ? [atLeast(`requests a second, × ${to}`, { [ours]: ratios(to, (r) => r.perSecond) }, goal)]
      : [];
  return [
    shown("requests a second, 50 connections", perSecond),
    ...ratioRow("nginx", 0.95),
    ...ratioRow("haproxy", 0.7),
    shown("CPU µs a request", cpu),
    ...(busy.has("nginx")
      ? [atMost("CPU a request, × nginx", { [ours]: ratios("nginx", (r) => r.cpuUs) }, 1.5)]
      : []),
    shown(
      "p50 ms, 50 connections",
      cells(busy, (round) => round.p50Ms),
    ),
    shown(
      "p99 ms, 50 connections",
      cells(busy, (round) => round.p99Ms),
    ),
    shown(
      "p99 ms, 2 connections",
      cells(light, (round) => round.p99Ms),
    ),
    atMost("failed requests", { [ours]: medianOf(cells(busy, (round) => round.failed)[ours]) }, 0),
  ];
}
