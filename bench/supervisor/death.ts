// kill -9 of the supervisor itself: who runs twice, who is left behind, and who is known to have ended.
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "../../src/model/event.ts";
import type { Config } from "../../src/wiring/config.ts";
import { markedBy } from "../../test/process/support/marked.ts";
import { until } from "../../test/process/support/project.ts";
import type { Bench } from "./group.ts";
import { bareLoop } from "./loop.ts";
import { waitingTasks } from "./many.ts";
import { createOurs, hasEnded, type Ours } from "./ours.ts";
import type { Peer } from "./peer.ts";
import { endAll, kill, processesWith } from "./processes.ts";
import { atLeast, atMost, ours, type Row, shown, spread } from "./table.ts";

/** Services of a peer: enough to see what becomes of them. */
const peerTasks = 10;
/** runsvdir looks every 5 s. */
const settleMs = 6_000;
const endMs = 3_000;
/** Services that are killed while no daemon runs. */
const perDeath = 2;

interface Told {
  readonly kills: number;
  /** From the start of the daemon's process to the last adoption. */
  readonly adoptedMs: readonly number[];
  /** Of which after it had read its journal. */
  readonly adoptionMs: readonly number[];
  readonly answersMs: readonly number[];
  readonly doubles: number;
  readonly orphans: number;
  readonly endsKnown: number;
  readonly ends: number;
  readonly upgrade: { readonly restarted: number; readonly ms: number };
}

interface Aftermath {
  readonly doubles: number;
  readonly orphans: number;
}

export async function deaths(bench: Bench): Promise<readonly Row[]> {
  const count = bench.quick ? 20 : 100;
  const others = bench.peers.filter((peer) => peer !== bareLoop);
  const theirs = (): Promise<readonly (readonly [string, Aftermath])[]> =>
    Promise.all(others.map(async (peer) => [peer.name, await peerDeath(bench, peer)] as const));
  // A short run may disturb its own times.
  const early = bench.quick ? theirs() : undefined;
  const told = await ourDeaths(bench, count, bench.quick ? 1 : 4);
  bench.say(`death: ${ours}`);
  const peers = await (early ?? theirs());
  const of = (mine: number, value: (one: Aftermath) => number): Row["cells"] => ({
    [ours]: mine,
    ...Object.fromEntries(peers.map(([name, one]) => [name, value(one)])),
  });
  const known = { [ours]: told.endsKnown / told.ends };
  return [
    {
      ...atMost(
        `kill -9 of the supervisor: double starts (ours of ${count}, theirs of ${peerTasks})`,
        of(told.doubles, ({ doubles }) => doubles),
        0,
      ),
      n: told.kills,
    },
    atMost(
      "… left behind after its stop",
      of(told.orphans, ({ orphans }) => orphans),
      0,
    ),
    atLeast("… share of ends meanwhile whose exit code or signal is known", known, 1),
    atMost(`… its start → ${count} adopted (ms)`, { [ours]: spread(told.adoptedMs) }, 150),
    shown("  of which after reading its journal", { [ours]: spread(told.adoptionMs) }),
    shown("  its start → it answers", { [ours]: spread(told.answersMs) }),
    atMost(`upgrade of the daemon: restarted of ${count}`, { [ours]: told.upgrade.restarted }, 0),
    shown("… the command, until the next version answers (ms)", { [ours]: told.upgrade.ms }),
  ];
}

async function ourDeaths({ scratch }: Bench, count: number, kills: number): Promise<Told> {
  const services: Record<string, Config["services"][string]> = {};
  for (let n = 0; n < count; n++) services[`s${n}`] = { command: [scratch.server, "0"] };
  const home = await createOurs(scratch, "death", services);
  let daemon = await home.up();
  await home.healthy();
  const doubles = new Set<string>();
  const watching = watchDoubles(home.state, doubles);
  const [startedAt, answersMs]: [number[], number[]] = [[], []];
  for (let n = 0; n < kills; n++) {
    daemon.kill("SIGKILL");
    await hasEnded(daemon, 5_000);
    const victims = markedBy(home.state).filter(({ target }) => !target.startsWith("@"));
    for (const { pid } of victims.slice(n * perDeath, (n + 1) * perDeath)) kill(pid);
    startedAt.push(Date.now());
    const fromMs = performance.now();
    daemon = await home.up();
    answersMs.push(performance.now() - fromMs);
    await until("all run again", 30_000, async () =>
      leaders(home.state) >= count ? true : undefined,
    );
    await sleep(1_000);
  }
  const upgrade = await upgraded(home);
  await home.cli("down");
  await hasEnded(daemon, 30_000);
  watching.stop();
  const orphans = processesWith(home.folder).length;
  const events = home.journal();
  const ends = events.filter(isUnseenEnd);
  return {
    kills,
    ...adoptions(events, startedAt),
    answersMs,
    doubles: doubles.size,
    orphans,
    endsKnown: ends.filter(({ data }) => data.signal === "SIGKILL").length,
    ends: kills * perDeath,
    upgrade,
  };
}

async function upgraded({ state, cli }: Ours): Promise<Told["upgrade"]> {
  const leading = (): readonly string[] =>
    markedBy(state).flatMap(({ leader, target, pid }) => (leader ? [`${target} ${pid}`] : []));
  const before = leading();
  const { ms } = await cli("upgrade");
  const after = new Set(leading());
  return { restarted: before.filter((it) => !after.has(it)).length, ms };
}

const leaders = (state: string): number =>
  new Set(
    markedBy(state)
      .filter(({ leader, target }) => leader && !target.startsWith("@"))
      .map(({ target }) => target),
  ).size;

/** An end that nobody asked for. */
function isUnseenEnd(event: Event): event is Extract<Event, { type: "instance.exited" }> {
  return event.type === "instance.exited" && !event.data.expected;
}

function adoptions(
  events: readonly Event[],
  startedAt: readonly number[],
): Pick<Told, "adoptedMs" | "adoptionMs"> {
  const begins = events.flatMap(({ type }, i) => (type === "daemon.started" ? [i] : [])).slice(1);
  // The last one was an upgrade.
  const lives = startedAt.map((_, i) => events.slice(begins[i], begins[i + 1]));
  const wall = (event: Event | undefined): number => Date.parse(event?.time ?? "");
  const last = lives.map((life) => wall(life.findLast(({ type }) => type === "instance.adopted")));
  return {
    adoptedMs: last.map((atMs, i) => atMs - (startedAt[i] ?? Number.NaN)),
    adoptionMs: last.map((atMs, i) => atMs - wall(lives[i]?.[0])),
  };
}

function watchDoubles(state: string, doubles: Set<string>): { stop: () => void } {
  const timer = setInterval(() => {
    const seen = new Map<string, number>();
    for (const { target, leader, pid } of markedBy(state)) {
      if (!leader) continue;
      const other = seen.get(target);
      if (other !== undefined) doubles.add(`${target}: ${other} and ${pid}`);
      seen.set(target, pid);
    }
  }, 100);
  return { stop: () => clearInterval(timer) };
}

async function peerDeath(bench: Bench, peer: Peer): Promise<Aftermath> {
  const { scratch } = bench;
  const folder = scratch.subfolder(peer.name);
  const copies = (): readonly string[] =>
    processesWith(folder)
      .filter(({ args }) => args[0] === scratch.server)
      .map(({ args }) => args[2] ?? "");
  const standing = await peer.start(scratch, folder, waitingTasks(bench, folder, peerTasks));
  await until(`${peer.name} runs all`, 60_000, async () =>
    copies().length >= peerTasks ? true : undefined,
  );
  await sleep(1_500);
  for (const pid of standing.victims()) kill(pid);
  await sleep(200);
  await standing.again();
  await sleep(settleMs);
  const all = copies();
  const doubles = all.length - new Set(all).size;
  // What it does not end is left behind; what it says to that is its own affair.
  await standing.stopAll().catch(() => {});
  const untilMs = performance.now() + endMs;
  while (copies().length > 0 && performance.now() < untilMs) await sleep(50);
  const orphans = copies().length;
  await endAll(folder);
  return { doubles, orphans };
}
