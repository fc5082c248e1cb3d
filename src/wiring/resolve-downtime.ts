// Spares and held sockets, with every default filled in.
import { isAbsolute, join } from "node:path";
import type { ListenSocket } from "../model/listen-socket.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { ServiceConfig } from "./config.ts";

export interface ResolvedDowntime {
  readonly sockets?: readonly ListenSocket[];
}

export function toDowntime(
  name: string,
  { sockets = [] }: ServiceConfig,
  folder: string,
): ResolvedDowntime {
  if (sockets.length === 0) return {};
  return {
    sockets: sockets.map((it): ListenSocket => {
      const { name: own = name, host = "127.0.0.1", port = 0, path } = it;
      if (path === undefined) return { name: own, host, port };
      return { name: own, path: isAbsolute(path) ? path : join(folder, path) };
    }),
  };
}

export function toReplicas({
  replicas = 1,
  spares = 0,
}: ServiceConfig): Pick<ServicePolicy, "replicas" | "spares"> {
  return { replicas: replicas + spares, ...(spares === 0 ? {} : { spares }) };
}

/**
 * The port in PORT, which probes ask: of one instance it is that of its first held socket. Several
 * share theirs, and whoever answers there is not the one that was asked.
 */
export function heldPort(
  { port, sockets = [] }: ResolvedDowntime & { readonly port?: number },
  replicas: number,
): number | undefined {
  if (port !== undefined || replicas > 1) return undefined;
  return sockets.flatMap((it) => ("port" in it ? [it.port] : []))[0];
}
