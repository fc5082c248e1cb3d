// Counters of routes and instances, from the gateway's start; they only grow.
import {
  type GatewayStats,
  type InstanceStats,
  latencyBucketsMs,
  type Route,
  type RouteStats,
} from "../protocol/gateway.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type RouteCounters = Writable<Omit<RouteStats, "interrupted">> & {
  readonly interrupted: Record<string, number>;
};
export type InstanceCounters = Writable<Omit<InstanceStats, "latency" | "statuses">> & {
  readonly latency: number[];
  readonly statuses: number[];
};

export interface Stats {
  /** The counters under this name; the same object each time. */
  route(service: string): RouteCounters;
  instance(name: string): InstanceCounters;
  /** Forgets what `routes` does not name, once too many names have come and gone. */
  prune(routes: readonly Route[]): void;
  snapshot(version: number): GatewayStats;
}

/** An instance that is away for a restart keeps its counters; past this many names it does not. */
const nameLimit = 2_000;

export function createStats(): Stats {
  const routes = new Map<string, RouteCounters>();
  const instances = new Map<string, InstanceCounters>();
  return {
    route: (service) => remembered(routes, service, newRoute),
    instance: (name) => remembered(instances, name, newInstance),
    prune(live) {
      const services = new Set(live.map((route) => route.service));
      const names = new Set(live.flatMap((route) => route.upstreams.map((up) => up.instance)));
      if (routes.size > nameLimit) keepOnly(routes, services);
      if (instances.size > nameLimit) keepOnly(instances, names);
    },
    snapshot: (version) => ({
      version,
      routes: [...routes.values()].map((counters) => ({
        ...counters,
        interrupted: { ...counters.interrupted },
      })),
      instances: [...instances.values()].map((counters) => ({
        ...counters,
        latency: [...counters.latency],
        statuses: [...counters.statuses],
      })),
    }),
  };
}

/** The index of the bucket that holds `ms`; one past the last bound is "above". */
export function bucketOf(ms: number): number {
  let low = 0;
  let high = latencyBucketsMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ms <= (latencyBucketsMs[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function addLatency(counters: InstanceCounters, ms: number): void {
  const bucket = bucketOf(ms);
  counters.latency[bucket] = (counters.latency[bucket] ?? 0) + 1;
}

/** @param status from 100 to 599; another one is counted with the nearest class. */
export function addStatus({ statuses }: InstanceCounters, status: number): void {
  const at = Math.min(Math.max(Math.trunc(status / 100), 1), statuses.length) - 1;
  statuses[at] = (statuses[at] ?? 0) + 1;
}

function remembered<T>(map: Map<string, T>, name: string, create: (name: string) => T): T {
  const known = map.get(name);
  if (known) return known;
  const counters = create(name);
  map.set(name, counters);
  return counters;
}

function keepOnly(map: Map<string, unknown>, names: ReadonlySet<string>): void {
  for (const name of map.keys()) if (!names.has(name)) map.delete(name);
}

function newRoute(service: string): RouteCounters {
  return {
    service,
    requests: 0,
    retries: 0,
    held: 0,
    unserved: 0,
    lostUnsafe: 0,
    degraded: 0,
    clients: 0,
    overBudget: 0,
    spilled: 0,
    interrupted: {},
  };
}

function newInstance(instance: string): InstanceCounters {
  const latency = new Array<number>(latencyBucketsMs.length + 1).fill(0);
  const none = { requests: 0, failures: 0, broken: 0, inflight: 0, ejections: 0, connections: 0 };
  return { instance, ...none, statuses: [0, 0, 0, 0, 0], latency };
}
