// What a daemon of the simulated world measures: probes, process figures, traffic.
import { metrics, type Reading, reading } from "../src/model/reading.ts";
import { serviceOf, type Target } from "../src/model/target.ts";
import { answer, isAlive, latency, type Process, type World, works } from "./world.ts";

export interface Eyes {
  /** What has been measured since the last look; `becameReady` is told before its readings. */
  look(): readonly Reading[];
  watch(process: Process): void;
  forget(target: Target): void;
  isReady(target: Target): boolean;
  /** Answers that are bad though nothing ails the process: one in so many. */
  glitchEvery: number;
}

interface Watched {
  readonly process: Process;
  dueMs: number;
  /** When the probe that is under way was sent. */
  askedMs: number | undefined;
  ready: boolean;
  glitched: boolean;
}

const timeoutMs = 1_000;
const figuresMs = 1_000;
/** Without a probe an instance counts as ready when it has run for so long. */
const settledMs = 1_000;

export function createEyes(
  world: World,
  becameReady: (target: Target, tookMs: number) => void,
): Eyes {
  const watched = new Map<Target, Watched>();
  let figuresDueMs = world.queue.nowMs + figuresMs;
  const self: Eyes = {
    glitchEvery: 2_000,
    look: () => {
      const readings: Reading[] = [];
      const { nowMs } = world.queue;
      for (const one of watched.values()) {
        if (!isAlive(world, one.process)) continue;
        readings.push(...probe(world, one, self.glitchEvery, becameReady));
      }
      if (nowMs < figuresDueMs) return readings;
      figuresDueMs = nowMs + figuresMs;
      readings.push(...figures(world, [...watched.values()]), ...traffic(world));
      return readings;
    },
    watch: (process) => {
      const fresh = { process, dueMs: world.queue.nowMs, askedMs: undefined };
      watched.set(process.target, { ...fresh, ready: false, glitched: false });
    },
    forget: (target) => void watched.delete(target),
    isReady: (target) => watched.get(target)?.ready === true,
  };
  return self;
}

function probe(
  world: World,
  one: Watched,
  glitchEvery: number,
  becameReady: (target: Target, tookMs: number) => void,
): readonly Reading[] {
  const { target, identity, bornMs } = one.process;
  const { nowMs } = world.queue;
  const policy = world.town.policy.services[serviceOf(target)]?.probe;
  const becomeReady = (): void => {
    one.ready = true;
    becameReady(target, nowMs - bornMs);
  };
  if (!policy) {
    if (!one.ready && nowMs - bornMs >= settledMs) becomeReady();
    return [];
  }
  if (world.ailments.has("unseen", target) || nowMs < one.dueMs) return [];
  const asked = one.askedMs ?? nowMs;
  const said = answer(world, one.process);
  if (said === undefined && nowMs - asked < timeoutMs) {
    one.askedMs = asked;
    return [];
  }
  const nextMs = asked + (one.ready ? policy.periodMs : 50);
  one.askedMs = undefined;
  one.dueMs = Math.max(nowMs, nextMs);
  if (said === undefined) {
    return one.ready ? [sick(target, nowMs, `no answer within ${timeoutMs} ms`)] : [];
  }
  one.glitched = one.ready && said.good && !one.glitched && world.dice.chance(1 / glitchEvery);
  if (one.glitched) return [sick(target, nowMs, "connection reset")];
  if (!said.good) return one.ready ? [sick(target, nowMs, said.note)] : [];
  if (!one.ready) becomeReady();
  const late = nowMs - asked;
  const tookMs = late > 0 ? late : probeLatency(world, target, identity.pid);
  return [
    reading(target, metrics.probe, 1, nowMs),
    reading(target, metrics.probeLatency, tookMs, nowMs),
  ];
}

/** A shallow probe does not wait for what its service waits for. */
function probeLatency(world: World, target: Target, pid: number): number {
  const { dice, ailments } = world;
  if (ailments.has("slow", target, pid)) return dice.between(950, 2_500);
  // A collection of garbage, now and then.
  return dice.chance(0.002) ? dice.between(100, 800) : dice.between(1, 30);
}

function sick(target: Target, atMs: number, note: string): Reading {
  return reading(target, metrics.probe, 0, atMs, note);
}

function figures(world: World, all: readonly Watched[]): readonly Reading[] {
  const { ailments, dice, queue } = world;
  return all.flatMap(({ process }) => {
    if (!isAlive(world, process)) return [];
    const { target, identity } = process;
    const has = (it: "busy" | "hung" | "leaking"): boolean =>
      ailments.has(it, target, identity.pid);
    const cpu = has("busy") || has("hung") ? 1 : dice.between(0.01, 0.3);
    const mib = has("leaking") ? 600 : 80 * dice.between(0.9, 1.1);
    return [
      reading(target, metrics.cpu, cpu, queue.nowMs),
      reading(target, metrics.rss, mib * 1_048_576, queue.nowMs),
    ];
  });
}

/** Without requests that reach an instance there are no readings of how they went. */
function traffic(world: World): readonly Reading[] {
  const { nowMs } = world.queue;
  return Object.values(world.town.policy.services).flatMap((policy) => {
    const { name } = policy;
    if (!policy.routed) return [];
    const none = [reading(name, metrics.requests, 0, nowMs)];
    if (world.degraded.has(name)) return none;
    const all = [...world.processes.values()].filter((it) => serviceOf(it.target) === name);
    if (!all.some((process) => works(world, process))) return none;
    const failing = all.some(({ target }) => world.ailments.has("failing", target));
    return [
      reading(name, metrics.requests, 50, nowMs),
      reading(name, metrics.errors, failing ? 0.6 : world.dice.chance(0.01) ? 0.05 : 0, nowMs),
      reading(name, metrics.p95, latency(world, name), nowMs),
    ];
  });
}
