// The counters of the gateway as metrics, by service; they begin anew when the gateway does.
import { serviceOf, type Target } from "../model/target.ts";
import { type GatewayStats, type InstanceStats, latencyBucketsMs } from "../protocol/gateway.ts";
import type { Family } from "../protocol/metric-family.ts";
import { balancingFamilies } from "./metrics-balancing.ts";
import { featureFamilies } from "./metrics-features.ts";
import { family, histogram, type Point } from "./metrics-parts.ts";

/** Every fourth of the gateway's own bounds: 0.5 ms, doubling up to 32.768 s. */
const step = 4;
const boundsAt: readonly number[] = latencyBucketsMs
  .map((_, i) => i)
  .filter((i) => i % step === 0 && (latencyBucketsMs[i] ?? 0) <= 32_768);
const bounds: readonly number[] = boundsAt.map((i) => (latencyBucketsMs[i] ?? 0) / 1_000);

/** `stats` is undefined while the gateway does not answer. */
export function gatewayFamilies(stats: GatewayStats | undefined): readonly Family[] {
  const up = upFamily(stats !== undefined);
  if (!stats) return [up];
  const tried = Map.groupBy(stats.instances, ({ instance }) => serviceOf(instance));
  const sum = (service: string, of: (one: InstanceStats) => number): number =>
    (tried.get(service) ?? []).reduce((all, one) => all + of(one), 0);
  const classes = stats.routes.flatMap(({ service, ...route }): readonly Point[] => {
    const each = {
      ...{ held: route.held, retried: route.retries, unserved: route.unserved },
      ...{ lost: route.lostUnsafe, degraded: route.degraded },
      failed: sum(service, ({ failures }) => failures),
      broken: sum(service, ({ broken }) => broken),
    };
    return Object.entries(each).map(([name, value]) => [{ service, class: name }, value]);
  });
  return [
    up,
    family(
      "counter",
      "gateway_requests_total",
      "Requests of clients",
      stats.routes.map(({ service, requests }) => [{ service }, requests]),
    ),
    family(
      "counter",
      "gateway_requests_by_class_total",
      "Requests that met something; one may be in several classes",
      classes,
    ),
    family(
      "gauge",
      "gateway_inflight",
      "Requests that are being answered",
      [...tried.keys()].map((service) => [{ service }, sum(service, ({ inflight }) => inflight)]),
    ),
    family(
      "gauge",
      "gateway_clients",
      "Connections of clients",
      stats.routes.map(({ service, clients }) => [{ service }, clients]),
    ),
    family(
      "gauge",
      "gateway_instance_connections",
      "Connections to an instance",
      stats.instances.map(({ instance, connections }) => [labelsOf(instance), connections]),
    ),
    family(
      "counter",
      "gateway_answers_total",
      "Answers of instances by class of their status",
      [...tried.keys()].flatMap((service) =>
        [1, 2, 3, 4, 5].map(
          (hundred): Point => [
            { service, class: `${hundred}xx` },
            sum(service, ({ statuses }) => statuses[hundred - 1] ?? 0),
          ],
        ),
      ),
    ),
    ...featureFamilies(stats.routes),
    ...balancingFamilies(stats),
    histogram(
      "gateway_latency_seconds",
      "Time that instances took to answer",
      bounds,
      [...tried].map(([service, all]) => ({ labels: { service }, counts: countsOf(all) })),
    ),
  ];
}

function upFamily(isUp: boolean): Family {
  const help = "Whether the gateway answers the daemon";
  return family("gauge", "gateway_up", help, [[{}, Number(isUp)]]);
}

function labelsOf(instance: Target): Point[0] {
  return { service: serviceOf(instance), instance };
}

function countsOf(all: readonly InstanceStats[]): readonly number[] {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  for (const { latency } of all) {
    for (const [i, count] of latency.entries()) {
      const place = Math.min(bounds.length, Math.ceil(i / step));
      counts[place] = (counts[place] ?? 0) + count;
    }
  }
  return counts;
}
