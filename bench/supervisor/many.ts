// Many services at rest: memory, CPU, the status command, and the end of all at once.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../src/wiring/config.ts";
import type { Bench } from "./group.ts";
import { createOurs, type Ours } from "./ours.ts";
import type { Peer, Standing, Task } from "./peer.ts";
import { endAll, idleCpu, memoryOf, processesWith } from "./processes.ts";
import { atMost, type Cell, ours, type Row, shown, spread } from "./table.ts";

/** A config holds so many services; more are replicas. */
const servicesMax = 100;
/** pm2 looks at its processes every 30 s; the others have shorter rounds. */
const idleMs = { own: 10_000, peers: 30_000, quick: 1_000 };
/** From the last start until they are at rest. */
const settleMs = { full: 3_000, quick: 500 };

interface Sizes {
  readonly few: number;
  readonly many: number;
  readonly most: number;
}

type Cells = Record<string, Cell>;

/** By column: what each figure is. */
interface Found {
  readonly rss: Record<keyof Sizes, Cells>;
  readonly pss: Record<keyof Sizes, Cells>;
  readonly cpu: Cells;
  readonly status: Cells;
  readonly stop: Cells;
  /** Of each of our processes, by its name: RSS and PSS at each size. */
  readonly parts: Map<string, Partial<Record<keyof Sizes, string>>>;
}

export async function many(bench: Bench): Promise<readonly Row[]> {
  const sizes = { few: 1, many: bench.quick ? 10 : 100, most: 300 };
  const none = (): Record<keyof Sizes, Cells> => ({ few: {}, many: {}, most: {} });
  const found: Found = {
    rss: none(),
    pss: none(),
    cpu: {},
    status: {},
    stop: {},
    parts: new Map(),
  };
  for (const size of bench.quick ? [] : (["few", "most"] as const)) {
    const home = await oursOf(bench, sizes[size]);
    await noteOurs(found, size, home);
    await home.stop();
    bench.say(`many: ${ours} with ${sizes[size]}`);
    await Promise.all(bench.peers.map((peer) => notePeer(bench, found, size, peer, sizes[size])));
    bench.say(`many: the others with ${sizes[size]}`);
  }
  await atMany(bench, found, sizes.many);
  return rowsOf(found, sizes);
}

async function oursOf({ scratch, quick }: Bench, count: number): Promise<Ours> {
  const services: Record<string, Config["services"][string]> = {};
  const names = Math.min(count, servicesMax);
  for (let n = 0; n < names; n++) {
    services[`s${n}`] = {
      command: [scratch.server, "0"],
      replicas: Math.round(count / names),
    };
  }
  const home = await createOurs(scratch, `many-${count}`, services);
  await home.up();
  await home.healthy(120_000);
  await sleep(quick ? settleMs.quick : settleMs.full);
  return home;
}

async function noteOurs(found: Found, size: keyof Sizes, home: Ours): Promise<void> {
  let [rss, pss] = [0, 0];
  for (const { name, pid } of home.own()) {
    const memory = memoryOf(pid);
    rss += memory.rss;
    pss += memory.pss;
    const part = found.parts.get(name) ?? {};
    part[size] = `${memory.rss.toFixed(1)} (${memory.pss.toFixed(1)})`;
    found.parts.set(name, part);
  }
  found.rss[size][ours] = rss;
  found.pss[size][ours] = pss;
}

/** Each has the folder in its arguments: an environment may not reach it. */
export function waitingTasks({ scratch }: Bench, folder: string, count: number): readonly Task[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `t${n}`,
    command: [scratch.server, "0", join(folder, `t${n}`)],
  }));
}

async function notePeer(
  bench: Bench,
  found: Found,
  size: keyof Sizes,
  peer: Peer,
  count: number,
): Promise<void> {
  const { folder, standing } = await startPeer(bench, peer, count);
  notePeerMemory(found, size, peer, standing);
  await endAll(folder);
}

async function startPeer(
  bench: Bench,
  peer: Peer,
  count: number,
): Promise<{ readonly folder: string; readonly standing: Standing }> {
  const { scratch } = bench;
  const fromMs = performance.now();
  const folder = scratch.subfolder(peer.name);
  const standing = await peer.start(scratch, folder, waitingTasks(bench, folder, count));
  await running(bench, count, folder);
  const seconds = Math.round((performance.now() - fromMs) / 1_000);
  bench.say(`many: ${peer.name} runs ${count} and is at rest after ${seconds} s`);
  return { folder, standing };
}

function notePeerMemory(found: Found, size: keyof Sizes, { name }: Peer, standing: Standing): void {
  const all = standing.own().map(memoryOf);
  found.rss[size][name] = all.reduce((sum, { rss }) => sum + rss, 0);
  found.pss[size][name] = all.reduce((sum, { pss }) => sum + pss, 0);
}

/** Until all of a folder's programs run, and then until their supervisor is at rest. */
async function running({ scratch, quick }: Bench, count: number, folder: string): Promise<void> {
  const untilMs = performance.now() + 120_000;
  const runs = (): number =>
    processesWith(folder).filter(({ args }) => args[0] === scratch.server).length;
  while (runs() < count) {
    if (performance.now() > untilMs) throw new Error(`${folder}: ${runs()} of ${count} run`);
    await sleep(200);
  }
  await sleep(quick ? settleMs.quick : settleMs.full);
}

async function atMany(bench: Bench, found: Found, count: number): Promise<void> {
  const { peers, quick, say } = bench;
  const home = await oursOf(bench, count);
  await noteOurs(found, "many", home);
  const pids = home.own().map(({ pid }) => pid);
  found.cpu[ours] = await idleCpu(pids, quick ? idleMs.quick : idleMs.own);
  say(`many: ${ours} with ${count}`);
  const standings: (readonly [Peer, Standing])[] = await Promise.all(
    peers.map(async (peer) => {
      const { standing } = await startPeer(bench, peer, count);
      notePeerMemory(found, "many", peer, standing);
      return [peer, standing] as const;
    }),
  );
  await Promise.all(
    standings.map(async ([{ name }, standing]) => {
      found.cpu[name] = await idleCpu(standing.own(), quick ? idleMs.quick : idleMs.peers);
    }),
  );
  await statuses(found, home, standings, quick ? 3 : 10);
  say(`many: status asked`);
  await stops(found, home, standings);
}

async function statuses(
  found: Found,
  home: Ours,
  standings: readonly (readonly [Peer, Standing])[],
  rounds: number,
): Promise<void> {
  const times = new Map<string, number[]>();
  const note = (name: string, ms: number): void => {
    times.set(name, [...(times.get(name) ?? []), ms]);
  };
  for (let round = 0; round < rounds; round++) {
    note(ours, (await home.cli("--json", "status")).ms);
    for (const [{ name }, { status }] of standings) {
      if (status) note(name, await timed(status));
    }
  }
  for (const [name, all] of times) found.status[name] = spread(all);
}

async function stops(
  found: Found,
  home: Ours,
  standings: readonly (readonly [Peer, Standing])[],
): Promise<void> {
  found.stop[ours] = await timed(async () => {
    await home.cli("down");
    while (processesWith(home.folder).length > 0) await sleep(10);
  });
  for (const [{ name }, { stopAll }] of standings) found.stop[name] = await timed(stopAll);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return performance.now() - fromMs;
}

function rowsOf({ rss, pss, cpu, status, stop, parts }: Found, sizes: Sizes): readonly Row[] {
  const { many } = sizes;
  const goals = { few: 50, many: 60, most: 70 };
  const memory = (["few", "many", "most"] as const).flatMap((size) => {
    if (rss[size][ours] === undefined) return [];
    const told = `memory with ${sizes[size]} services`;
    return [
      atMost(`${told}: RSS of all its processes (MB)`, rss[size], goals[size]),
      shown(`${told}: PSS (MB)`, pss[size]),
      ...[...parts].map(([name, part]) =>
        shown(`  of which ${name}: RSS (PSS)`, { [ours]: part[size] ?? "-" }),
      ),
    ];
  });
  return [
    ...memory,
    atMost(`CPU at rest with ${many} services (ms a second)`, cpu, 2),
    atMost(`status of ${many} services as JSON, command included (ms)`, status, 50),
    atMost(`stop of ${many} services that end at once (ms)`, stop, 500),
  ];
}
