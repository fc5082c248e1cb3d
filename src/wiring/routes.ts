// What the gateway is to do now: the state of the loop as routes.
import { rotation, type Turn } from "../controller/rotation.ts";
import type { State } from "../controller/state.ts";
import { indexOf } from "../model/target.ts";
import type { Route, Upstream } from "../protocol/gateway.ts";
import { fill } from "./placeholders.ts";
import type { Resolved, ResolvedService } from "./resolve.ts";
import { routeFeatures } from "./resolve-gateway-features.ts";

/** Clients of a degraded service are asked to come back after so many seconds. */
const retryAfterS = 2;

export function routesOf(state: State, resolved: Resolved): readonly Route[] {
  const portOf = (service: string): number | undefined => resolved.services[service]?.port;
  return Object.values(resolved.services).flatMap((service) => {
    const { name, port, host = "127.0.0.1", holdMs, timeoutMs, gateway } = service;
    if (port === undefined) return [];
    const degraded = state.degraded[name];
    const route: Route = {
      service: name,
      host,
      port,
      upstreams: upstreamsOf(state, resolved, service),
      holdMs,
      timeoutMs,
      ...(degraded ? { degraded: { status: 503, retryAfterS, why: degraded.why } } : {}),
      ...gateway.route,
      ...routeFeatures(service.features, portOf),
    };
    return [route];
  });
}

/** Its own instances, and those of the services that share its port: each service is a release. */
function upstreamsOf(
  state: State,
  resolved: Resolved,
  service: ResolvedService,
): readonly Upstream[] {
  const of = (one: ResolvedService): readonly Upstream[] => {
    const turns = rotation(state, one.name);
    return turns.map((turn) => upstreamOf(turn, one, turns.length));
  };
  const { split } = service.gateway.route;
  if (!split) return of(service);
  return Object.keys(split.weights).flatMap((release) => {
    const other = resolved.services[release];
    // It may run in another profile.
    return other ? of(other).map((upstream) => ({ ...upstream, release })) : [];
  });
}

function upstreamOf(turn: Turn, { name, gateway }: ResolvedService, replicas: number): Upstream {
  const { instancePath, zones = [] } = gateway;
  const index = indexOf(turn.instance);
  const zone = zones[index % zones.length];
  const placed = zone === undefined ? turn : { ...turn, zone };
  if (instancePath === undefined) return placed;
  const filling = { name, index, port: turn.port, replicas };
  return { ...placed, path: fill(instancePath, filling) };
}
