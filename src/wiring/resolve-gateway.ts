// What a service says of its traffic, as the gateway is told it.
import { isAbsolute, join } from "node:path";
import type { BalancedRoute } from "../protocol/gateway-balancing.ts";
import type { LimitedRoute } from "../protocol/gateway-limits.ts";
import type { RouteSecure } from "../protocol/gateway-secure.ts";
import type { RouteTransport } from "../protocol/gateway-transport.ts";
import type { GatewayConfig } from "./config-gateway.ts";
import { toBalancing } from "./resolve-gateway-balancing.ts";
import { toLimits } from "./resolve-gateway-limits.ts";
import { toSecure } from "./resolve-gateway-secure.ts";

/** Parts of a route that come from the config alone. */
export interface ResolvedGateway {
  readonly route: RouteTransport & BalancedRoute & RouteSecure & LimitedRoute;
  /** The Unix socket of an instance, with `${index}` to be filled in. */
  readonly instancePath?: string;
  /** Of the instances in their order, again from the first when there are more. */
  readonly zones?: readonly string[];
}

export function toGateway(config: GatewayConfig | undefined, folder: string): ResolvedGateway {
  if (!config) return { route: {} };
  const { protocol, path, instancePath, acceptProxy, trustForwarded, sendProxy } = config;
  const whole = (file: string): string => (isAbsolute(file) ? file : join(folder, file));
  return {
    route: {
      ...(protocol === "tcp" ? { protocol } : {}),
      ...(path === undefined ? {} : { path: whole(path) }),
      ...(acceptProxy ? { acceptProxy } : {}),
      ...(trustForwarded ? { trustForwarded } : {}),
      ...(sendProxy ? { sendProxy } : {}),
      ...toBalancing(config),
      ...toSecure(config, folder),
      ...toLimits(config),
    },
    ...(instancePath === undefined ? {} : { instancePath: whole(instancePath) }),
    ...(config.zones ? { zones: config.zones } : {}),
  };
}
