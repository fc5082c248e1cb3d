// What a service says of its requests, with every default filled in, and as its route is told it.
import { isAbsolute, join } from "node:path";
import type { AccessLog, Fault, RouteFeatures, Shed } from "../protocol/gateway-features.ts";
import type { ServiceConfig } from "./config.ts";
import type { AccessLogConfig, FaultConfig, ShedConfig } from "./config-gateway-features.ts";
import { ms } from "./defaults.ts";

/** As on the wire, but for what the daemon knows no sooner than at the push. */
export interface ResolvedFeatures extends Omit<RouteFeatures, "shadow"> {
  readonly shadow?: {
    readonly to: string | number;
    readonly share: number;
    readonly atOnce: number;
    readonly timeoutMs: number;
  };
}

export function toFeatures(config: ServiceConfig, folder: string): ResolvedFeatures {
  const { shed, faults, shadow, accessLog } = config.gateway ?? {};
  return {
    ...(shed ? { shed: toShed(shed, probePaths(config)) } : {}),
    ...(faults ? { faults: faults.map(toFault) } : {}),
    ...(shadow
      ? {
          shadow: {
            to: shadow.to,
            share: shadow.share ?? 0.1,
            atOnce: shadow.atOnce ?? 64,
            timeoutMs: ms(shadow.timeout, 5_000),
          },
        }
      : {}),
    ...(accessLog ? { accessLog: toAccessLog(accessLog, folder) } : {}),
  };
}

/** A shadow of a service goes to its own port, so that the gateway counts what its instances do. */
export function routeFeatures(
  { shadow, ...same }: ResolvedFeatures,
  portOf: (service: string) => number | undefined,
): RouteFeatures {
  if (!shadow) return same;
  const { to, ...rest } = shadow;
  const port = typeof to === "number" ? to : portOf(to);
  return port === undefined ? same : { ...same, shadow: { port, ...rest } };
}

function toShed({ priority = {}, limit = {}, retryAfter }: ShedConfig, exempt: string[]): Shed {
  const { initial, min = 1, max = 10_000 } = limit;
  return {
    initial: initial ?? Math.min(max, Math.max(min, 50)),
    ...{ min, max, exempt },
    retryAfterMs: ms(retryAfter, 2_000),
    usual: priority.default ?? "normal",
    ...(priority.header === undefined ? {} : { header: priority.header.toLowerCase() }),
    paths: priority.paths ?? [],
  };
}

/** A load balancer before the gateway asks there too: what it gets is no news of the load. */
function probePaths({ probe, probes = {} }: ServiceConfig): string[] {
  const { startup, readiness, liveness } = probes;
  const asked = [startup?.http, readiness?.http, liveness?.http].map((http) =>
    typeof http === "string" ? http : http?.path,
  );
  const paths = [probe?.http, ...asked].flatMap((path) => path?.split("?")[0] ?? []);
  return [...new Set(paths)];
}

function toFault({ match = {}, share, delay, jitter, abort, ...rest }: FaultConfig): Fault {
  const header = Object.entries(match.header ?? {}).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  return {
    match: { ...match, ...(match.header ? { header: Object.fromEntries(header) } : {}) },
    share,
    delayMs: ms(delay, 0),
    jitterMs: ms(jitter, 0),
    ...(abort === undefined ? {} : { abort }),
    forMs: ms(rest.for, 600_000),
    untilAtMs: 0,
  };
}

function toAccessLog(config: AccessLogConfig, folder: string): AccessLog {
  const { file = "", sample = 0.01, slow, errors = true, query = false } = config;
  return {
    file: file === "" || isAbsolute(file) ? file : join(folder, file),
    ...{ sample, errors, query, slowMs: ms(slow, 1_000) },
  };
}
