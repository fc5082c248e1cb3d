// One of two workers is killed under 500 requests a second of 200 ms each: who loses how many.
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./group.ts";
import { startLoad } from "./load.ts";
import { createOurs, restart } from "./ours.ts";
import { cluster } from "./pm2.ts";
import { kill, processesWith } from "./processes.ts";
import { whoAnswers } from "./scratch.ts";
import { atMost, ours, type Row, shown } from "./table.ts";

const ratePerS = 500;
const pm2 = "pm2";

interface Pair {
  readonly name: string;
  readonly port: number;
  /** The workers that run now. */
  readonly pids: () => readonly number[];
  kills: number;
  sent: number;
  failed: number;
  worstMs: number;
  readonly reasons: Record<string, number>;
}

export async function workers(bench: Bench): Promise<readonly Row[]> {
  const blocks = bench.quick ? 1 : 4;
  const perBlock = bench.quick ? 2 : 5;
  const pairs = await startAll(bench);
  for (let block = 0; block < blocks; block++) {
    for (const pair of pairs) await killSome(pair, perBlock);
  }
  for (const { name, sent, failed, reasons } of pairs) {
    bench.say(`workers: ${name} ${sent} sent, ${failed} failed ${JSON.stringify(reasons)}`);
  }
  const of = (value: (pair: Pair) => number): Row["cells"] =>
    Object.fromEntries(pairs.map((pair) => [pair.name, value(pair)]));
  const told = "kill -9 of one of two workers, 200 ms GETs at 500/s";
  const perKill = of(({ failed, kills }) => failed / kills);
  return [
    { ...atMost(`${told}: failed per kill`, perKill, 0), n: blocks * perBlock },
    shown(
      `${told}: worst latency (ms)`,
      of(({ worstMs }) => worstMs),
    ),
  ];
}

async function startAll({ scratch, peers }: Bench): Promise<readonly Pair[]> {
  const { node, app } = scratch;
  const [port = 0, other = 0] = await scratch.ports(2);
  const probe = { http: "/pid", interval: "1s" } as const;
  const web = { command: [node, app], port, replicas: 2, probe, restart };
  const home = await createOurs(scratch, "workers", { web });
  await home.up();
  await home.healthy();
  const pair = (name: string, port: number, folder: string): Pair => ({
    name,
    port,
    pids: () =>
      processesWith(folder)
        .filter(({ args }) => args.slice(0, 2).some((word) => word.includes(app)))
        .map(({ pid }) => pid),
    kills: 0,
    sent: 0,
    failed: 0,
    worstMs: 0,
    reasons: {},
  });
  const pairs = [pair(ours, port, home.folder)];
  if (peers.some(({ name }) => name === pm2)) {
    const folder = scratch.subfolder(pm2);
    await cluster(scratch, folder, other);
    pairs.push(pair(pm2, other, folder));
  }
  for (const { port } of pairs) await whoAnswers(port);
  return pairs;
}

async function killSome(pair: Pair, count: number): Promise<void> {
  const load = startLoad(pair.port, "/slow", ratePerS);
  await sleep(700);
  for (let n = 0; n < count; n++) {
    const pids = pair.pids();
    const [victim] = pids;
    if (victim === undefined || pids.length !== 2) {
      throw new Error(`${pair.name} has ${pids.length} workers instead of two`);
    }
    kill(victim);
    pair.kills++;
    await sleep(1_200);
  }
  const { sent, failed, worstMs, reasons } = await load.stop();
  pair.sent += sent;
  pair.failed += failed;
  pair.worstMs = Math.max(pair.worstMs, worstMs);
  for (const [why, times] of Object.entries(reasons)) {
    pair.reasons[why] = (pair.reasons[why] ?? 0) + times;
  }
}
