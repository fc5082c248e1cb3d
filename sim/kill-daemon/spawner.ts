// Kills the daemon and its spawner again and again over small services, and looks what became of them.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readNote } from "../../src/cli/context.ts";
import { below, type Random } from "../../src/kernel/random.ts";
import type { Event } from "../../src/model/event.ts";
import { isOurs, spawnerTarget } from "../../src/model/target.ts";
import { readStat } from "../../src/platforms/procfs.ts";
import { seeded } from "../../src/testing/seeded.ts";
import type { Marked } from "../../test/process/support/marked.ts";
import { createProject, exited, type Project, until } from "../../test/process/support/project.ts";
import { doubleStarts, gaps } from "./audit.ts";
import { doublesIn, type Watch, watch } from "./watch.ts";

export interface SpawnerTorture {
  readonly kills: number;
  readonly spawnerKills: number;
  /** Ends of services that no daemon was there for, and those that stand in the journal as they were. */
  readonly missed: number;
  readonly known: number;
  readonly looks: number;
  /** From the last kill to all services running. */
  readonly runningMs: number;
  readonly tookMs: number;
  readonly faults: readonly string[];
}

interface Scene {
  readonly project: Project;
  readonly random: Random;
  readonly watch: Watch;
  readonly faults: string[];
  /** Processes that ended with `code` while no daemon was there, by pid. */
  readonly owed: Map<number, string>;
  daemon: ReturnType<Project["spawnUp"]>;
  kills: number;
  spawnerKills: number;
  known: number;
}

/** The code that a service ends with on TERM. */
const code = 41;
const runLimitMs = 60_000;
const script = `trap 'exit ${code}' TERM; sleep 600 & wait`;

export async function tortureSpawner(options: {
  readonly kills: number;
  readonly seed: number;
  readonly services: number;
  /** No kill comes later than this; then it is looked at what is left. */
  readonly limitMs: number;
}): Promise<SpawnerTorture> {
  const fromMs = performance.now();
  // A daemon that begins from sources spends most of its time on reading them.
  const cache = mkdtempSync(join(tmpdir(), "homeostat-cache-"));
  process.env.NODE_COMPILE_CACHE ??= cache;
  const project = await makeProject(options.services);
  const daemon = project.spawnUp();
  const scene: Scene = {
    ...{ project, daemon, random: seeded(options.seed), faults: [], owed: new Map() },
    watch: watch(project.state, () => 0),
    ...{ kills: 0, spawnerKills: 0, known: 0 },
  };
  try {
    await running(scene, options.services);
    await whileAway(scene);
    while (scene.kills < options.kills && performance.now() - fromMs < options.limitMs) {
      await round(scene);
    }
    const lastMs = performance.now();
    await running(scene, options.services);
    const runningMs = performance.now() - lastMs;
    await finish(scene);
    const { kills, spawnerKills, known, owed, faults, watch } = scene;
    const counted = { kills, spawnerKills, missed: owed.size, known, looks: watch.looks };
    return { ...counted, runningMs, tookMs: performance.now() - fromMs, faults };
  } finally {
    await scene.watch.stop();
    await project.remove();
    if (process.env.NODE_COMPILE_CACHE === cache) delete process.env.NODE_COMPILE_CACHE;
    rmSync(cache, { recursive: true, force: true });
  }
}

function makeProject(count: number): Promise<Project> {
  const restart = {
    ...{ stable: "1ms", loopExits: 50 },
    ...{ backoff: { first: "1ms", max: "1ms" }, giveUp: { exits: 50, within: "40s" } },
  };
  const one = { command: ["/bin/sh", "-c", script], restart, stop: { wait: "1s" } };
  const names = Array.from({ length: count }, (_, i) => `s${i + 1}`);
  return createProject(() => ({
    project: "trial",
    healing: { mode: "auto", verify: { healthy: "100ms", timeout: "2s" } },
    services: Object.fromEntries(names.map((name) => [name, one])),
  }));
}

/** A few kills in an order that chance has made. */
async function round(scene: Scene): Promise<void> {
  const { random } = scene;
  const dice = random();
  if (dice < 0.15) await whileAway(scene);
  else if (dice < 0.55) {
    // Everything at once: an exit to be told, a start on its way, and who does either dies.
    for (const one of pick(scene, 6)) kill(one.pid, "SIGTERM");
    await sleep(below(random, 12));
    if (random() < 0.7) killSpawner(scene);
    await sleep(below(random, 6));
    if (random() < 0.5) await killDaemon(scene);
  } else {
    for (let n = 0; n < 6; n++) {
      killSpawner(scene);
      await sleep(60 + below(random, 200));
    }
  }
  if (!isUp(scene)) scene.daemon = scene.project.spawnUp();
  // Many daemons die while they begin.
  await sleep(below(random, 300));
  if (random() < 0.4) await killDaemon(scene);
}

/** Services end while there is no daemon; their spawner lives until the next one has heard of it. */
async function whileAway(scene: Scene): Promise<void> {
  await answering(scene);
  // Whose spawner was killed is nobody's child: some are started anew.
  for (const one of pick(scene, 4)) kill(one.pid, "SIGTERM");
  await sleep(100 + below(scene.random, 200));
  await killDaemon(scene);
  await sleep(below(scene.random, 100));
  const parent = spawnerOf(scene)?.pid;
  for (const { pid, target } of servicesOf(scene)) {
    if (parent === undefined || readStat(pid)?.ppid !== parent || scene.random() < 0.3) continue;
    if (kill(pid, "SIGTERM")) scene.owed.set(pid, target);
  }
  await sleep(below(scene.random, 200));
  await answering(scene);
}

/** Resolves when a daemon has taken over what runs. */
async function answering(scene: Scene): Promise<void> {
  if (!isUp(scene)) scene.daemon = scene.project.spawnUp();
  const { pid } = scene.daemon;
  await until("the daemon answers", runLimitMs, async () => {
    if (!isUp(scene)) throw new Error(`it ended with ${scene.daemon.exitCode}`);
    return readNote(scene.project.state)?.pid === pid ? true : undefined;
  });
}

async function running(scene: Scene, count: number): Promise<void> {
  await answering(scene);
  await until("all services run", runLimitMs, async () => {
    const view = await scene.project.view().catch(() => undefined);
    const well = view?.services.filter((it) => it.health === "healthy").length;
    return well === count && servicesOf(scene).length === count ? true : undefined;
  });
}

async function finish(scene: Scene): Promise<void> {
  const { project, faults, watch, daemon } = scene;
  faults.push(...watch.doubles, ...doublesIn(project.marked()));
  await project.cli("down");
  await exited(daemon, 30_000);
  faults.push(...project.marked().map((it) => `left after down: ${it.target} ${it.pid}`));
  const events = project.journal();
  faults.push(...gaps(events), ...doubleStarts(events), ...unknown(events, scene));
}

/** Ends that somebody could have known and that are not in the journal as they were. */
function unknown(events: readonly Event[], scene: Scene): readonly string[] {
  const current = new Map<string, number>();
  /** Of whose start the journal knows, so that it must know of their end. */
  const open = new Set<number>();
  const faults: string[] = [];
  for (const event of events) {
    const { seq, subject } = event;
    if (event.type === "instance.started" || event.type === "instance.adopted") {
      const { pid } = event.data.identity;
      current.set(subject, pid);
      if (scene.owed.get(pid) === subject) open.add(pid);
    } else if (event.type === "instance.exited") {
      const pid = current.get(subject) ?? 0;
      open.delete(pid);
      if (scene.owed.get(pid) !== subject) continue;
      if (event.data.code === code) scene.known += 1;
      else
        faults.push(
          `event ${seq}: process ${pid} of ${subject} ended with ${code}: ${event.data.text}`,
        );
    }
  }
  for (const pid of open) faults.push(`the end of process ${pid} was never told`);
  return faults;
}

function servicesOf({ project }: Scene): readonly Marked[] {
  return project.marked().filter((it) => it.leader && !isOurs(it.target));
}

/** Some of the services that run, at random. */
function pick(scene: Scene, count: number): readonly Marked[] {
  const all = [...servicesOf(scene)];
  return Array.from({ length: Math.min(count, all.length) }, () =>
    all.splice(below(scene.random, all.length), 1),
  ).flat();
}

function spawnerOf({ project }: Scene): Marked | undefined {
  return project.marked().find((it) => it.target === spawnerTarget && it.leader);
}

function killSpawner(scene: Scene): void {
  const pid = spawnerOf(scene)?.pid;
  if (pid === undefined || !kill(pid, "SIGKILL")) return;
  scene.kills += 1;
  scene.spawnerKills += 1;
}

async function killDaemon(scene: Scene): Promise<void> {
  if (!isUp(scene)) return;
  const gone = once(scene.daemon, "exit");
  scene.daemon.kill("SIGKILL");
  await gone;
  scene.kills += 1;
}

function isUp({ daemon }: Scene): boolean {
  return daemon.exitCode === null && daemon.signalCode === null;
}

function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
    return false;
  }
}
