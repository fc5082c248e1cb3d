// All instances are replaced, nine times, under load, by an app that ignores signals.
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./group.ts";
import { startLoad } from "./load.ts";
import { createOurs, restart } from "./ours.ts";
import { cluster } from "./pm2.ts";
import { whoAnswers } from "./scratch.ts";
import { atLeast, atMost, ours, type Row, shown, spread } from "./table.ts";

const ratePerS = 500;
const env = { IGNORES_SIGNALS: "1" };

interface Site {
  readonly name: string;
  readonly port: number;
  readonly reload: () => Promise<void>;
  /** Reloads in a row. */
  readonly perBlock: number;
  /** Load goes on for so long at least. */
  readonly forMs: number;
  readonly times: number[];
  sent: number;
  failed: number;
  worstMs: number;
}

export async function reloads(bench: Bench): Promise<readonly Row[]> {
  const blocks = bench.quick ? 1 : 3;
  const sites = await startAll(bench, blocks);
  for (let block = 0; block < blocks; block++) {
    for (const site of sites) await reloadSome(bench, site);
  }
  const of = (value: (site: Site) => number): Row["cells"] =>
    Object.fromEntries(sites.map((site) => [site.name, value(site)]));
  const told = `${sites[0]?.times.length} reloads of 2 instances, 200 ms GETs at 500/s`;
  return [
    atLeast(
      `${told}: requests`,
      of(({ sent }) => sent),
      bench.quick ? 1_000 : 30_000,
    ),
    atMost(
      `${told}: failed`,
      of(({ failed }) => failed),
      0,
    ),
    shown(
      `${told}: failed per reload`,
      of(({ failed, times }) => failed / times.length),
    ),
    shown(
      `${told}: worst latency (ms)`,
      of(({ worstMs }) => worstMs),
    ),
    shown(
      "one such reload (ms, its command included)",
      Object.fromEntries(sites.map(({ name, times }) => [name, spread(times)])),
    ),
  ];
}

async function startAll(
  { scratch, peers, quick }: Bench,
  blocks: number,
): Promise<readonly Site[]> {
  const { node, app } = scratch;
  const [port = 0, other = 0] = await scratch.ports(2);
  const probe = { http: "/pid", interval: "1s" } as const;
  const stop = { wait: "300ms" };
  const web = { command: [node, app], port, replicas: 2, probe, restart, env, stop };
  const home = await createOurs(scratch, "reload", { web });
  await home.up();
  await home.healthy();
  const none = { sent: 0, failed: 0, worstMs: 0 };
  const reload = async (): Promise<void> => void (await home.cli("restart", "web"));
  const forMs = quick ? 4_000 : 60_600 / blocks;
  const perBlock = quick ? 1 : 3;
  const sites: Site[] = [{ name: ours, port, reload, perBlock, forMs, times: [], ...none }];
  if (peers.some(({ name }) => name === "pm2")) {
    // Some are enough to see what it loses.
    const { reload } = await cluster(scratch, scratch.subfolder("pm2"), other, env);
    sites.push({ name: "pm2", port: other, reload, perBlock: 1, forMs: 0, times: [], ...none });
  }
  for (const { port } of sites) await whoAnswers(port);
  return sites;
}

async function reloadSome(bench: Bench, site: Site): Promise<void> {
  const load = startLoad(site.port, "/slow", ratePerS);
  const untilMs = performance.now() + site.forMs;
  await sleep(500);
  for (let n = 0; n < site.perBlock; n++) {
    const fromMs = performance.now();
    await site.reload();
    site.times.push(performance.now() - fromMs);
    await sleep(500);
  }
  await sleep(Math.max(0, untilMs - performance.now()));
  const { sent, failed, worstMs, reasons } = await load.stop();
  site.sent += sent;
  site.failed += failed;
  site.worstMs = Math.max(site.worstMs, worstMs);
  bench.say(`reload: ${site.name} ${sent} sent, ${failed} failed ${JSON.stringify(reasons)}`);
}
