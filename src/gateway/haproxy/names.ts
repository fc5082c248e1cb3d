// What routes and instances are called in HAProxy, and how any text stands in its config.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Route } from "../../protocol/gateway.ts";

/** The server that stands for "no instance is ready". */
export const holdServer = "hold";
const spareEnd = ":spare";

export const backOf = (service: string): string => `b-${service}`;
/** With the address, so that a route that moves is another one, and its port is tried first. */
export const frontOf = ({
  service,
  host,
  port,
}: Pick<Route, "service" | "host" | "port">): string => `f:${service}:${host}:${port}`;

/** Whose requests come in there; undefined for another kind of place. */
export function serviceOfFront(front: string): string | undefined {
  return /^f:([^:]+):/.exec(front)?.[1];
}

/** "web/1" is "web:1": a slash parts backend and server. */
export function serverOf(instance: string, isSpare = false): string {
  return instance.replace("/", ":") + (isSpare ? spareEnd : "");
}

/** Undefined for a server that is no instance. */
export function instanceOf(server: string): string | undefined {
  if (server === holdServer) return undefined;
  return (server.endsWith(spareEnd) ? server.slice(0, -spareEnd.length) : server).replace(":", "/");
}

/** Text that HAProxy takes as it is: nothing means anything between these quotes but their end. */
export function quotedText(text: string): string {
  if (/[\0\r\n]/.test(text)) throw new HomeostatError("INVARIANT", "a line of a config cannot end");
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const word = /^[A-Za-z0-9_.-]{1,100}$/;
const instanceForm = /^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/;
const hostForm = /^[A-Za-z0-9_.:-]{1,253}$/;

/** What a route says that HAProxy is told; anything else would be lost without a word. */
const known: ReadonlySet<string> = new Set<keyof Route>([
  ...(["service", "host", "port", "upstreams", "degraded", "holdMs", "timeoutMs"] as const),
]);
const knownOfUpstream: ReadonlySet<string> = new Set(["instance", "port", "state"]);

/** @throws GATEWAY_UNABLE for what this kind cannot do, and for names that are none. */
export function mustBeAble(routes: readonly Route[]): void {
  for (const route of routes) {
    const { service, host, upstreams } = route;
    if (!word.test(service)) throw unable(`the name ${JSON.stringify(service)}`);
    if (!hostForm.test(host)) throw unable(`the host ${JSON.stringify(host)}`);
    refuseUnknown(service, route, known);
    for (const upstream of upstreams) {
      const { instance } = upstream;
      if (!instanceForm.test(instance)) throw unable(`the instance ${JSON.stringify(instance)}`);
      refuseUnknown(instance, upstream, knownOfUpstream);
    }
  }
}

function refuseUnknown(name: string, of: object, allowed: ReadonlySet<string>): void {
  const more = Object.entries(of).filter(
    ([key, value]) => value !== undefined && !allowed.has(key),
  );
  if (more.length > 0) throw unable(`${more.map(([key]) => key).join(", ")} of ${name}`);
}

function unable(what: string): HomeostatError {
  return new HomeostatError("GATEWAY_UNABLE", `HAProxy cannot be told ${what}`);
}
