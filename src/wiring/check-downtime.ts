// What spares and held sockets can mean: who is behind the gateway, and which addresses are whose.
import * as net from "node:net";
import { isAbsolute, join } from "node:path";
import { socketPathProblem } from "../protocol/listen-alone.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record } from "./raw.ts";
import { defaults } from "./resolve.ts";
import { type At, quote } from "./words.ts";

export function checkDowntime(root: Raw, folder: string): readonly Finding[] {
  const services = Object.entries(record(root.services));
  return [
    ...services.flatMap(([name, value]) => checkSpares(record(value), ["services", name])),
    ...services.flatMap(([name, value]) => checkSockets(record(value), ["services", name], folder)),
    ...checkAddresses(root),
  ];
}

function checkSpares(service: Raw, at: At): readonly Finding[] {
  const spares = number(service.spares) ?? 0;
  if (spares === 0 || service.port !== undefined) return [];
  const expected = "a port beside it, because only the gateway knows who serves and who waits";
  return [{ at: [...at, "spares"], expected, got: "a service without port" }];
}

function checkSockets(service: Raw, at: At, folder: string): readonly Finding[] {
  if (!Array.isArray(service.sockets)) return [];
  const key = [...at, "sockets"];
  const findings: Finding[] = [];
  const hasPaths = service.sockets.some((it) => record(it).path !== undefined);
  if (!canHold(hasPaths)) {
    const expected = "a Node whose net.BoundSocket can hold them: 24.21, for ports 24.19, or later";
    findings.push({ at: key, expected, got: `Node ${process.versions.node}` });
  }
  if (service.job !== undefined) {
    findings.push({ at: key, expected: "no sockets, because a job ends", got: "some" });
  }
  for (const [place, value] of service.sockets.entries()) {
    findings.push(...checkSocket(record(value), [...key, place], folder));
  }
  return [...findings, ...checkAsked(service, at)];
}

/** What net.BoundSocket says of itself: `isPipe` is there when it knows paths. */
function canHold(paths: boolean): boolean {
  const made: unknown = net.BoundSocket;
  return typeof made === "function" && (!paths || "isPipe" in made.prototype);
}

function checkSocket(socket: Raw, at: At, folder: string): readonly Finding[] {
  const { port, path, host } = socket;
  if ((port === undefined) === (path === undefined)) {
    const got = port === undefined ? "neither" : "both";
    return [{ at, expected: "either a port or a path", got }];
  }
  if (typeof host === "string" && (path !== undefined || net.isIP(host) === 0)) {
    const expected = path === undefined ? "an IP address" : "no host beside a path";
    return [{ at: [...at, "host"], expected, got: quote(host) }];
  }
  if (typeof path !== "string") return [];
  const problem = socketPathProblem(isAbsolute(path) ? path : join(folder, path));
  return problem === undefined
    ? []
    : [{ at: [...at, "path"], expected: "a shorter path", got: problem }];
}

/** A probe of an instance must not be answered by another one. */
function checkAsked(service: Raw, at: At): readonly Finding[] {
  if (service.port !== undefined) return [];
  const several = (number(service.replicas) ?? 1) > 1;
  const sockets = Array.isArray(service.sockets) ? service.sockets.map(record) : [];
  if (!several && sockets.some(({ port }) => port !== undefined)) return [];
  const why = several
    ? "because the instances share their sockets and any of them answers"
    : "because none of the sockets has a port";
  const asked: readonly (readonly [At, Raw])[] = [
    [[...at, "probe"], record(service.probe)],
    ...Object.entries(record(service.probes)).map(
      ([part, probe]) => [[...at, "probes", part], record(probe)] as const,
    ),
  ];
  return asked.flatMap(([place, probe]) =>
    ["http", "tcp", "grpc"].flatMap((kind) => {
      if (probe[kind] === undefined || record(probe[kind]).port !== undefined) return [];
      const expected = `another kind of probe, such as exec, or a port beside it, ${why}`;
      return [{ at: [...place, kind], expected, got: `${kind}, which asks a port` }];
    }),
  );
}

/** Each address has one owner: the gateway, the dashboard, or one service that is held for. */
function checkAddresses(root: Raw): readonly Finding[] {
  const dashboard = record(root.dashboard).port;
  const own = dashboard === undefined ? defaults.dashboardPort : number(dashboard);
  const owners = new Map<string, string>([[`port ${own}`, "the dashboard"]]);
  const services = Object.entries(record(root.services));
  for (const [name, value] of services) {
    const port = number(record(value).port);
    if (port !== undefined) owners.set(`port ${port}`, name);
  }
  return services.flatMap(([name, value]) => {
    const { sockets } = record(value);
    if (!Array.isArray(sockets)) return [];
    return sockets.flatMap((raw, place): readonly Finding[] => {
      const { port, path } = record(raw);
      const address = typeof path === "string" ? path : `port ${String(port)}`;
      const other = owners.get(address);
      owners.set(address, name);
      if (other === undefined) return [];
      const at = ["services", name, "sockets", place, typeof path === "string" ? "path" : "port"];
      return [{ at, expected: "an address of its own", got: `${address}, which ${other} has` }];
    });
  });
}
