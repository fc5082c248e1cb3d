// The lines of the control socket, read and checked field by field; both ends use this.
import { durationMaxMs } from "../kernel/duration.ts";
import {
  type FromGateway,
  type GatewayConfig,
  type GatewayStats,
  type InstanceStats,
  latencyBucketsMs,
  type Route,
  type RouteStats,
  type ToGateway,
  type ToxiproxyConfig,
  type Upstream,
  upstreamStates,
} from "../protocol/gateway.ts";
import { amount, fields, list, maybe, mismatch, parsed, text, whole } from "../protocol/shape.ts";
import { balancing, balancingStats, place } from "./wire/balancing.ts";
import { featureStats, features } from "./wire/features.ts";
import { limits } from "./wire/limits.ts";
import { certificates as certificateList, secure } from "./wire/secure.ts";
import { transport } from "./wire/transport.ts";

const routeLimit = 256;
/** A port and a path each. */
const heldLimit = 512;
const upstreamLimit = 256;
const instanceLimit = 1_000;
const toxiproxyLimit = 256;
/** Stats may still name instances and routes that are gone. */
const statsLimit = 4_096;

export function encodeLine(message: ToGateway | FromGateway): string {
  return `${JSON.stringify(message)}\n`;
}

/** @throws WIRE_SHAPE */
export function parseToGateway(line: string): ToGateway {
  const message = fields(parsed(line), "message");
  switch (message.kind) {
    case "config":
      return { kind: "config", config: config(message.config, "config") };
    case "stats":
      return { kind: "stats", id: whole(message.id, "id") };
    case "stop":
      return { kind: "stop" };
    default:
      return mismatch("kind", "config, stats or stop", message.kind);
  }
}

/** @throws WIRE_SHAPE */
export function parseFromGateway(line: string): FromGateway {
  const message = fields(parsed(line), "message");
  switch (message.kind) {
    case "hello":
      return {
        kind: "hello",
        protocol: whole(message.protocol, "protocol"),
        pid: whole(message.pid, "pid", 1),
        version: whole(message.version, "version"),
        // Gateways of another version greet with less.
        release: typeof message.release === "string" ? message.release : "",
        held: list(message.held ?? [], "held", heldLimit, text),
      };
    case "applied":
      return {
        kind: "applied",
        version: whole(message.version, "version"),
        problems: list(message.problems, "problems", routeLimit, problem),
      };
    case "stats":
      return { kind: "stats", id: whole(message.id, "id"), stats: stats(message.stats, "stats") };
    default:
      return mismatch("kind", "hello, applied or stats", message.kind);
  }
}

function config(value: unknown, at: string): GatewayConfig {
  const { version, routes, toxiproxy } = fields(value, at);
  const checked = list(routes, `${at}.routes`, routeLimit, route);
  const instances = checked.reduce((sum, each) => sum + each.upstreams.length, 0);
  if (instances > instanceLimit) {
    mismatch(`${at}.routes`, `at most ${instanceLimit} upstreams in all`, instances);
  }
  return {
    version: whole(version, `${at}.version`, 1),
    routes: checked,
    ...(toxiproxy === undefined ? {} : { toxiproxy: toxi(toxiproxy, `${at}.toxiproxy`) }),
  };
}

function toxi(value: unknown, at: string): ToxiproxyConfig {
  const { host, port, proxies } = fields(value, at);
  return {
    host: text(host, `${at}.host`),
    port: whole(port, `${at}.port`, 1, 65_535),
    proxies: list(proxies, `${at}.proxies`, toxiproxyLimit, (each, where) => {
      const { name, listen, upstream, enabled } = fields(each, where);
      return {
        name: text(name, `${where}.name`),
        listen: text(listen, `${where}.listen`),
        upstream: text(upstream, `${where}.upstream`),
        enabled: enabled === true,
      };
    }),
  };
}

function route(value: unknown, at: string): Route {
  const raw = fields(value, at);
  return {
    service: text(raw.service, `${at}.service`),
    host: text(raw.host, `${at}.host`),
    port: whole(raw.port, `${at}.port`, 1, 65_535),
    upstreams: list(raw.upstreams, `${at}.upstreams`, upstreamLimit, upstream),
    ...(raw.degraded === undefined ? {} : { degraded: degraded(raw.degraded, `${at}.degraded`) }),
    holdMs: amount(raw.holdMs, `${at}.holdMs`, durationMaxMs),
    timeoutMs: amount(raw.timeoutMs, `${at}.timeoutMs`, durationMaxMs),
    ...transport(raw, at),
    ...limits(raw, at),
    ...features(raw, at),
    ...balancing(raw, at),
    ...secure(raw, at),
  };
}

function upstream(value: unknown, at: string): Upstream {
  const raw = fields(value, at);
  const { instance, port, path, state } = raw;
  return {
    instance: text(instance, `${at}.instance`),
    port: whole(port, `${at}.port`, 1, 65_535),
    ...(path === undefined ? {} : { path: text(path, `${at}.path`) }),
    state:
      upstreamStates.find((known) => known === state) ??
      mismatch(`${at}.state`, "ready, spare, draining or hung", state),
    ...place(raw, at),
  };
}

function degraded(value: unknown, at: string): NonNullable<Route["degraded"]> {
  const { status, retryAfterS, why } = fields(value, at);
  return {
    status: whole(status, `${at}.status`, 200, 599),
    retryAfterS: amount(retryAfterS, `${at}.retryAfterS`, 86_400),
    why: text(why, `${at}.why`),
  };
}

function problem(value: unknown, at: string): { service: string; text: string } {
  const raw = fields(value, at);
  return { service: text(raw.service, `${at}.service`), text: text(raw.text, `${at}.text`) };
}

function stats(value: unknown, at: string): GatewayStats {
  const { version, routes, instances, certificates } = fields(value, at);
  return {
    version: whole(version, `${at}.version`),
    routes: list(routes, `${at}.routes`, statsLimit, routeStats),
    instances: list(instances, `${at}.instances`, statsLimit, instanceStats),
    ...maybe("certificates", certificates, at, certificateList),
  };
}

function routeStats(value: unknown, at: string): RouteStats {
  const raw = fields(value, at);
  return {
    service: text(raw.service, `${at}.service`),
    requests: whole(raw.requests, `${at}.requests`),
    retries: whole(raw.retries, `${at}.retries`),
    held: whole(raw.held, `${at}.held`),
    unserved: whole(raw.unserved, `${at}.unserved`),
    lostUnsafe: whole(raw.lostUnsafe, `${at}.lostUnsafe`),
    degraded: whole(raw.degraded, `${at}.degraded`),
    clients: whole(raw.clients, `${at}.clients`),
    ...featureStats(raw, at),
    ...balancingStats(raw, at),
  };
}

function instanceStats(value: unknown, at: string): InstanceStats {
  const raw = fields(value, at);
  const latency = list(raw.latency, `${at}.latency`, latencyBucketsMs.length + 1, (count, where) =>
    whole(count, where),
  );
  return {
    instance: text(raw.instance, `${at}.instance`),
    requests: whole(raw.requests, `${at}.requests`),
    failures: whole(raw.failures, `${at}.failures`),
    broken: whole(raw.broken, `${at}.broken`),
    inflight: whole(raw.inflight, `${at}.inflight`),
    ejections: whole(raw.ejections, `${at}.ejections`),
    connections: whole(raw.connections, `${at}.connections`),
    statuses: list(raw.statuses, `${at}.statuses`, 5, (count, where) => whole(count, where)),
    latency,
  };
}
