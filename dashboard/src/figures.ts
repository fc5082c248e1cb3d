// What a service or the whole project does right now, summed up from its instances.
import type { InstanceView, ServiceView } from "../../src/protocol/api.ts";

export interface Figures {
  /** Able to take traffic, sick or not. */
  readonly ready: number;
  /** Ready and not known to be sick. */
  readonly well: number;
  readonly replicas: number;
  /** Absent when no traffic for it comes through the gateway. */
  readonly requests?: number;
  /** The worst instance's: a percentile cannot be averaged. */
  readonly p95?: number;
  /** Share of all requests, so an idle instance does not weigh like a busy one. */
  readonly errors?: number;
}

/** From here on the share of errors is shown as bad; the limits that decide are the daemon's. */
export const badErrors = 0.01;

const isReady = (instance: InstanceView): boolean => instance.state === "ready";

export function figuresOf(services: readonly ServiceView[]): Figures {
  // Who is down because people or a schedule want it so is not missing.
  const wanted = services.filter(({ job, stopped }) => !job && !stopped);
  const instances = wanted.flatMap((service) => service.instances);
  const routed = instances.filter((one) => one.latest["gateway.requests"] !== undefined);
  const base = {
    ready: instances.filter(isReady).length,
    well: instances.filter((one) => isReady(one) && one.health !== "sick").length,
    replicas: wanted.reduce((sum, service) => sum + service.replicas, 0),
  };
  if (routed.length === 0) return base;
  const requests = sum(routed, (one) => one.latest["gateway.requests"] ?? 0);
  const failed = sum(
    routed,
    (one) => (one.latest["gateway.requests"] ?? 0) * (one.latest["gateway.errors"] ?? 0),
  );
  const p95s = routed.flatMap((one) => one.latest["gateway.p95"] ?? []);
  return {
    ...base,
    requests,
    ...(p95s.length === 0 ? {} : { p95: Math.max(...p95s) }),
    ...(requests === 0 ? {} : { errors: failed / requests }),
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
