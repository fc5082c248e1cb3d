// What the gateway is to do now: the state of the loop as routes.
import { rotation } from "../controller/rotation.ts";
import type { State } from "../controller/state.ts";
import type { Route } from "../protocol/gateway.ts";
import type { Resolved } from "./resolve.ts";

/** Clients of a degraded service are asked to come back after so many seconds. */
const retryAfterS = 2;

export function routesOf(state: State, resolved: Resolved): readonly Route[] {
  return Object.values(resolved.services).flatMap(
    ({ name, port, host = "127.0.0.1", holdMs, timeoutMs }) => {
      if (port === undefined) return [];
      const degraded = state.degraded[name];
      const route: Route = {
        service: name,
        host,
        port,
        upstreams: rotation(state, name),
        holdMs,
        timeoutMs,
        ...(degraded ? { degraded: { status: 503, retryAfterS, why: degraded.why } } : {}),
      };
      return [route];
    },
  );
}
