// What is measured in the fixture's shop: a pure function of scene, target, metric and moment.
import type { Beat } from "../../src/protocol/api.ts";

/** calm: an empty journal · healing: catalog/1 hung a moment ago · approval: a question is open. */
export type Scene = "calm" | "healing" | "approval";

export interface World {
  scene: Scene;
  readonly startedAt: number;
  /** First sign of the hang, a little before the page is opened. */
  readonly hungAt: number;
  readonly askedAt: number;
}

export interface Kind {
  readonly name: string;
  readonly replicas: number;
  readonly dependsOn: readonly string[];
  /** Of the whole service; absent when the gateway does not see it. */
  readonly requests?: number;
  readonly p95: number;
  readonly rssMiB: number;
  readonly cpu: number;
}

const kind = (
  name: string,
  replicas: number,
  dependsOn: readonly string[],
  [cpu, rssMiB, p95, requests]: readonly [number, number, number, number?],
): Kind => ({
  ...{ name, replicas, dependsOn, cpu, rssMiB, p95 },
  ...(requests === undefined ? {} : { requests }),
});

export const kinds: readonly Kind[] = [
  kind("web", 2, ["catalog", "payments"], [0.21, 118, 48, 212]),
  kind("catalog", 2, ["recommendations"], [0.34, 171, 31, 164]),
  kind("payments", 2, [], [0.04, 96, 140, 9.4]),
  kind("recommendations", 1, [], [0.18, 240, 22, 88]),
  kind("worker", 1, ["payments"], [0.02, 74, 0]),
];

export const units: Readonly<Record<string, string>> = {
  "process.cpu": "ratio",
  "process.rss": "bytes",
  "gateway.requests": "per_s",
  "gateway.p95": "ms",
  "gateway.errors": "ratio",
};

export const openWorld = (scene: Scene, startedAt: number): World => ({
  ...{ scene, startedAt },
  hungAt: startedAt - 20_000,
  askedAt: startedAt - 42_000,
});

/** Smooth and repeatable: the same target at the same second always reads the same. */
function wobble(target: string, metric: string, second: number): number {
  let seed = 7;
  for (const letter of target + metric) seed = (seed * 31 + letter.charCodeAt(0)) % 9_973;
  const slow = 0.08 * Math.sin(second / 23 + seed);
  const quick = 0.05 * Math.sin(second / 7.3 + seed * 2);
  return 1 + slow + quick + 0.03 * Math.sin(second * 1.7 + seed * 3);
}

/** Which beat a target has in the healing scene, by seconds since the first sign. */
function healingBeat(target: string, into: number): Beat {
  if (target === "catalog/1" && into >= 0) {
    if (into < 5.14) return "sick";
    if (into < 7.4) return "down";
    if (into < 8.9) return "busy";
  }
  if (target === "catalog/2" && into >= -14 && into < 5) {
    return into < -12 ? "none" : into < -11 ? "down" : "busy";
  }
  return target.startsWith("web/") && into >= 1 && into < 4 ? "sick" : "ok";
}

export function beatAt(world: World, target: string, at: number): Beat {
  if (world.scene === "healing") return healingBeat(target, (at - world.hungAt) / 1_000);
  const leaks = world.scene === "approval" && target === "recommendations/1";
  return leaks && at > world.askedAt ? "sick" : "ok";
}

function rssMiB(world: World, one: Kind, shape: number, at: number): number {
  const leaks = world.scene === "approval" && one.name === "recommendations";
  if (leaks) return Math.max(0, 812 - (world.askedAt + 60_000 - at) / 1_600);
  return one.rssMiB * (0.9 + shape / 10);
}

export function valueAt(
  world: World,
  target: string,
  metric: string,
  at: number,
): number | undefined {
  const one = kinds.find(({ name }) => target.startsWith(`${name}/`));
  if (one === undefined) return undefined;
  const shape = wobble(target, metric, Math.floor(at / 1_000));
  const beat = beatAt(world, target, at);
  const hung = beat === "sick" && target === "catalog/1";
  const away = beat === "down" || beat === "none";
  const slow = beat === "sick" && target.startsWith("web/");
  if (metric === "process.cpu") return away ? 0 : hung ? 0.99 : one.cpu * shape;
  if (metric === "process.rss") return away ? 0 : rssMiB(world, one, shape, at) * 1_048_576;
  if (one.requests === undefined) return undefined;
  if (metric === "gateway.requests")
    return away || hung ? 0 : (one.requests / one.replicas) * shape;
  if (metric === "gateway.p95") return slow ? 1_900 : one.p95 * shape;
  if (metric === "gateway.errors") return one.name === "payments" ? 0.004 : 0;
  return undefined;
}
