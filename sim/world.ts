// The world that the loop looks after: processes, what ails them, and files; it knows no daemon.
import type { ProcessIdentity } from "../src/model/instance.ts";
import { instanceName, serviceOf, type Target } from "../src/model/target.ts";
import { type Ailments, createAilments } from "./ailments.ts";
import type { Dice } from "./dice.ts";
import type { Queue } from "./queue.ts";
import type { Manner, Town } from "./town.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Process {
  readonly target: Target;
  readonly identity: ProcessIdentity;
  readonly port: number;
  readonly bornMs: number;
  /** When it gives its first good answer. */
  readonly readyMs: number;
  /** Whoever watches it end: a daemon, while it lives. */
  watcher: ((ended: Ended) => void) | undefined;
}

export interface ConfigFile {
  readonly name: string;
  readonly service: string;
  version: string;
}

export interface World {
  readonly town: Town;
  readonly queue: Queue;
  readonly dice: Dice;
  readonly ailments: Ailments;
  readonly processes: Map<Target, Process>;
  readonly files: Map<string, ConfigFile>;
  /** Versions of files that their service cannot live with. */
  readonly badVersions: Set<string>;
  /** Services for which the gateway answers now. */
  readonly degraded: Set<string>;
  pids: number;
}

export const bootId = "boot-1";

export function createWorld(town: Town, queue: Queue, dice: Dice): World {
  const services = Object.values(town.policy.services);
  const files = services.flatMap(({ name: service, configFiles }) =>
    configFiles.map((name): ConfigFile => ({ name, service, version: `${name}#1` })),
  );
  return {
    town,
    queue,
    dice,
    ailments: createAilments(() => queue.nowMs),
    processes: new Map(),
    files: new Map(files.map((file) => [file.name, file])),
    badVersions: new Set(),
    degraded: new Set(),
    pids: 1_000,
  };
}

export function mannerOf({ town }: World, target: Target): Manner {
  const manner = town.manners[serviceOf(target)];
  if (!manner) throw new RangeError(`nobody of the town is called ${target}`);
  return manner;
}

export function targetsOf({ town }: World, service: string): readonly Target[] {
  const count = town.policy.services[service]?.replicas ?? 0;
  return Array.from({ length: count }, (_, i) => instanceName(service, i + 1));
}

function needsOf({ town }: World, service: string): readonly string[] {
  return town.policy.services[service]?.dependsOn ?? [];
}

/** Does its own work, whatever others do. */
export function works(world: World, process: Process | undefined): boolean {
  if (process === undefined || world.queue.nowMs < process.readyMs) return false;
  const { target, identity } = process;
  const sick = (["hung", "stuck", "late"] as const).some((it) =>
    world.ailments.has(it, target, identity.pid),
  );
  return !sick;
}

function isThere(world: World, service: string): boolean {
  if (world.degraded.has(service)) return true;
  return targetsOf(world, service).some((target) => works(world, world.processes.get(target)));
}

function missing(world: World, service: string): string | undefined {
  return needsOf(world, service).find((need) => !isThere(world, need));
}

/** Undefined when it cannot be started. */
export function spawn(world: World, target: Target): Process | undefined {
  if (world.ailments.has("unspawnable", target)) return undefined;
  const pid = ++world.pids;
  const { nowMs } = world.queue;
  const process: Process = {
    target,
    identity: { pid, startTicks: pid * 10, bootId },
    port: 20_000 + (pid % 40_000),
    bornMs: nowMs,
    readyMs: nowMs + mannerOf(world, target).startMs * world.dice.between(0.7, 1.5),
    watcher: undefined,
  };
  world.processes.set(target, process);
  doom(world, process);
  return process;
}

/** A process that cannot live ends soon, whether it was ready before or not. */
function doom(world: World, process: Process): void {
  const { target } = process;
  const service = serviceOf(target);
  const badFile = [...world.files.values()].some(
    (file) => file.service === service && world.badVersions.has(file.version),
  );
  const needy = mannerOf(world, target).needy && missing(world, service) !== undefined;
  if (!badFile && !needy && !world.ailments.has("doomed", target)) return;
  world.queue.after(world.dice.between(30, 6_000), () => {
    end(world, process, { code: 1, signal: null });
  });
}

export function isAlive(world: World, process: Process): boolean {
  return world.processes.get(process.target) === process;
}

export function end(world: World, process: Process, ended: Ended): void {
  if (!isAlive(world, process)) return;
  world.processes.delete(process.target);
  process.watcher?.(ended);
  orphan(world, serviceOf(process.target));
}

/** Some of those that need a service which is gone altogether end with it. */
function orphan(world: World, service: string): void {
  const { dice, queue } = world;
  if (isThere(world, service)) return;
  for (const [name, manner] of Object.entries(world.town.manners)) {
    if (!manner.needy || !needsOf(world, name).includes(service)) continue;
    for (const target of targetsOf(world, name)) {
      const process = world.processes.get(target);
      if (!process || dice.chance(0.5)) continue;
      queue.after(dice.between(100, 4_000), () => {
        if (!isThere(world, service)) end(world, process, { code: 75, signal: null });
      });
    }
  }
}

/** Asks it to end: a hung or deaf process does not. */
export function term(world: World, process: Process): void {
  const { target, identity } = process;
  const { ailments, dice, queue } = world;
  if (ailments.has("hung", target, identity.pid) || ailments.has("deaf", target)) return;
  const ended = dice.chance(0.5) ? { code: null, signal: "SIGTERM" } : { code: 0, signal: null };
  const ms = mannerOf(world, target).termMs * dice.between(0.5, 1.5);
  queue.after(ms, () => end(world, process, ended));
}

export interface Answer {
  readonly good: boolean;
  readonly note: string;
}

/** How it would answer its probe now; undefined is no answer. */
export function answer(world: World, process: Process): Answer | undefined {
  const { target, identity } = process;
  const has = (ailment: "hung" | "late" | "stuck" | "flaky"): boolean =>
    world.ailments.has(ailment, target, identity.pid);
  if (has("hung")) return undefined;
  if (world.queue.nowMs < process.readyMs || has("late")) {
    return { good: false, note: "connection refused" };
  }
  const flakes = has("flaky") && Math.floor(world.queue.nowMs / 7_000) % 2 === 0;
  if (has("stuck") || flakes) return { good: false, note: "status 503" };
  const need = mannerOf(world, target).deep ? missing(world, serviceOf(target)) : undefined;
  return need === undefined
    ? { good: true, note: "" }
    : { good: false, note: `status 503: no ${need}` };
}

/** Milliseconds that a request to the service takes, its needs included. */
export function latency(world: World, service: string): number {
  const targets = targetsOf(world, service);
  const has = (ailment: "slow" | "busy"): boolean =>
    targets.some((target) => world.ailments.has(ailment, target));
  const own = mannerOf(world, service).latencyMs * world.dice.between(0.8, 1.3);
  const sick = (has("slow") ? 3_000 : 0) + (has("busy") ? 1_800 : 0);
  const needs = needsOf(world, service).map((need) => {
    if (world.degraded.has(need)) return 1;
    return isThere(world, need) ? latency(world, need) : 1_500;
  });
  return own + sick + Math.max(0, ...needs);
}

/** Writes a config file; a service that reads it again without a restart may end of it. */
export function write(world: World, name: string, version: string): void {
  const file = world.files.get(name);
  if (!file) throw new RangeError(`there is no file ${name}`);
  file.version = version;
  if (!mannerOf(world, file.service).reloads) return;
  for (const target of targetsOf(world, file.service)) {
    const process = world.processes.get(target);
    if (process) doom(world, process);
  }
}
