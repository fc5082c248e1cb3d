// Readings from the gateway's counters: traffic, errors and latency per instance and per service.
import { every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import { serviceOf, type Target } from "../model/target.ts";
import { type GatewayStats, type InstanceStats, latencyBucketsMs } from "../protocol/gateway.ts";
import type { Source } from "./source.ts";

/** What one target did between two looks at the counters; `inflight` and `connections` are now. */
export type Traffic = Omit<InstanceStats, "instance">;

/** Asks for the counters every `intervalMs` (1000). The first answer is only what later ones are
 * compared with; a failed one lengthens the interval that the next is about. */
export function gatewaySource(options: {
  readonly stats: () => Promise<GatewayStats>;
  readonly intervalMs?: number;
}): Source {
  return {
    name: "gateway",
    async start({ clock, log, signal, emit }) {
      let previous: { readonly stats: GatewayStats; readonly atMs: number } | undefined;
      let failing = false;
      await every(clock, options.intervalMs ?? 1_000, signal, async () => {
        const stats = await options.stats().catch((error: unknown) => {
          if (!failing) log.warn("no counters from the gateway", { error: messageOf(error) });
        });
        failing = !stats;
        if (!stats || signal.aborted) return;
        const atMs = clock.now();
        if (previous) {
          const traffic = trafficBetween(previous.stats, stats);
          emit(readingsOf(traffic, atMs - previous.atMs, atMs));
        }
        previous = { stats, atMs };
      });
    },
  };
}

/** Per instance that `now` knows, and per service the sum over its instances. */
export function trafficBetween(
  before: GatewayStats,
  now: GatewayStats,
): ReadonlyMap<Target, Traffic> {
  const known = new Map(before.instances.map((counters) => [counters.instance, counters]));
  const traffic = new Map<Target, Traffic>();
  for (const counters of now.instances) {
    const mine = difference(known.get(counters.instance), counters);
    const service = serviceOf(counters.instance);
    const others = traffic.get(service);
    traffic.set(counters.instance, mine);
    traffic.set(service, others ? combine(others, mine, (a, b) => a + b) : mine);
  }
  return traffic;
}

/** Requests that took none, or shares of none, are not a reading: no data is not zero. */
export function readingsOf(
  traffic: ReadonlyMap<Target, Traffic>,
  elapsedMs: number,
  atMs: number,
): Reading[] {
  const readings: Reading[] = [];
  for (const [target, { requests, failures, broken, inflight, latency }] of traffic) {
    const add = (metric: keyof typeof metrics, value: number | undefined): void => {
      if (value === undefined) return;
      readings.push(reading(target, metrics[metric], value, atMs));
    };
    add("requests", elapsedMs > 0 ? (requests * 1_000) / elapsedMs : undefined);
    add("errors", requests > 0 ? Math.min(1, (failures + broken) / requests) : undefined);
    add("p50", quantile(latency, 0.5));
    add("p95", quantile(latency, 0.95));
    add("p99", quantile(latency, 0.99));
    add("inflight", inflight);
  }
  return readings;
}

/**
 * Milliseconds below which the share `q` of the counted requests lies, by linear interpolation
 * inside the bucket; the highest bound when it lies above all buckets; undefined without counts.
 * Source: the histogram quantile of Prometheus.
 */
export function quantile(counts: readonly number[], q: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  let lower = 0;
  for (const [i, upper] of latencyBucketsMs.entries()) {
    const count = counts[i] ?? 0;
    if (count > 0 && below + count >= rank) {
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
    lower = upper;
  }
  return lower;
}

/** A counter that went down means that the gateway began anew: all of it is new. */
function difference(before: Traffic | undefined, now: Traffic): Traffic {
  if (!before) return now;
  const change = combine(now, before, (a, b) => a - b);
  const { requests, failures, broken, ejections, statuses, latency } = change;
  const counts = [requests, failures, broken, ejections, ...statuses, ...latency];
  if (counts.some((count) => count < 0)) return now;
  return { ...change, inflight: now.inflight, connections: now.connections };
}

function combine(a: Traffic, b: Traffic, op: (a: number, b: number) => number): Traffic {
  return {
    requests: op(a.requests, b.requests),
    failures: op(a.failures, b.failures),
    broken: op(a.broken, b.broken),
    inflight: op(a.inflight, b.inflight),
    ejections: op(a.ejections, b.ejections),
    connections: op(a.connections, b.connections),
    statuses: a.statuses.map((count, i) => op(count, b.statuses[i] ?? 0)),
    latency: a.latency.map((count, i) => op(count, b.latency[i] ?? 0)),
  };
}
