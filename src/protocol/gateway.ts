// What the daemon and the gateway process say to each other: one JSON object a line on a Unix socket.
// The gateway greets first. The daemon pushes whole configurations; the gateway acknowledges each
// by its version, and answers `stats` with counters since its own start.

import type { BalancedRoute, BalancedRouteStats, BalancedUpstream } from "./gateway-balancing.ts";
import type { FeatureStats, RouteFeatures } from "./gateway-features.ts";
import type { LimitedRoute } from "./gateway-limits.ts";
import type { CertificateStats, RouteSecure } from "./gateway-secure.ts";
import type { RouteTransport } from "./gateway-transport.ts";

export const gatewayProtocol = 3;

export interface Upstream extends BalancedUpstream {
  /** "web/1". */
  readonly instance: string;
  readonly port: number;
  /** Its Unix socket, in place of the port. */
  readonly path?: string;
  readonly state: UpstreamState;
}

/**
 * ready: takes new requests · spare: takes them when none that is ready can · draining: only
 * finishes those it has · hung: takes none, and what it has not begun to answer goes elsewhere, as
 * far as that may be repeated.
 */
export type UpstreamState = (typeof upstreamStates)[number];

export const upstreamStates = ["ready", "spare", "draining", "hung"] as const;

export interface Route
  extends RouteTransport,
    RouteFeatures,
    BalancedRoute,
    RouteSecure,
    LimitedRoute {
  readonly service: string;
  /** Where clients connect, on `host`. */
  readonly host: string;
  readonly port: number;
  readonly upstreams: readonly Upstream[];
  /** Degraded: every request is answered at once with this status and `Retry-After`. */
  readonly degraded?: {
    readonly status: number;
    readonly retryAfterS: number;
    readonly why: string;
  };
  /** How long a request may wait for an instance when none is ready. */
  readonly holdMs: number;
  /** How long an instance may take to answer before the request is answered 504. */
  readonly timeoutMs: number;
}

export interface GatewayConfig {
  readonly version: number;
  readonly routes: readonly Route[];
  /** Absent: it is off. */
  readonly toxiproxy?: ToxiproxyConfig;
}

/** What a problem of Toxiproxy is told under, in place of a service. */
export const toxiproxyName = "toxiproxy";

/** Where the HTTP API of Toxiproxy is, and the proxies that are there from the start. */
export interface ToxiproxyConfig {
  readonly host: string;
  readonly port: number;
  readonly proxies: readonly {
    readonly name: string;
    /** "127.0.0.1:26379" */
    readonly listen: string;
    readonly upstream: string;
    readonly enabled: boolean;
  }[];
}

export type ToGateway =
  | { readonly kind: "config"; readonly config: GatewayConfig }
  | { readonly kind: "stats"; readonly id: number }
  | { readonly kind: "stop" };

export type FromGateway =
  | {
      readonly kind: "hello";
      readonly protocol: number;
      readonly pid: number;
      readonly version: number;
      /** Which build of the program it is. */
      readonly release: string;
      /** Names of the sockets that it was given: they listen on when it has ended. */
      readonly held: readonly string[];
    }
  | {
      readonly kind: "applied";
      readonly version: number;
      /** Routes that could not be opened (port taken), each with the system's reason. */
      readonly problems: readonly { readonly service: string; readonly text: string }[];
    }
  | { readonly kind: "stats"; readonly id: number; readonly stats: GatewayStats };

/** Counters only grow, from the gateway's start; the reader subtracts. */
export interface InstanceStats {
  readonly instance: string;
  readonly requests: number;
  /** Answers of 5xx that the instance gave. */
  readonly failures: number;
  /** Connections that broke before an answer was complete. */
  readonly broken: number;
  readonly inflight: number;
  /** How often it was left out, because connections failed or for what it answered. */
  readonly ejections: number;
  /** Connections to it that stand now. */
  readonly connections: number;
  /** Its answers by class: 1xx that was final, 2xx, 3xx, 4xx, 5xx. */
  readonly statuses: readonly number[];
  /** Counts per bucket of `latencyBucketsMs` plus one for what is above. */
  readonly latency: readonly number[];
}

export interface RouteStats extends FeatureStats, BalancedRouteStats {
  readonly service: string;
  readonly requests: number;
  /** Second attempts on another instance. */
  readonly retries: number;
  /** Requests that waited because no instance was ready. */
  readonly held: number;
  /** Requests that waiting could not save: answered 503 or 504 by the gateway. */
  readonly unserved: number;
  /** Requests that had reached an instance which died, and were not safe to repeat: answered 502. */
  readonly lostUnsafe: number;
  /** Answered at once because the service is degraded. */
  readonly degraded: number;
  /** Connections of clients that stand now. */
  readonly clients: number;
}

export interface GatewayStats {
  readonly version: number;
  readonly routes: readonly RouteStats[];
  readonly instances: readonly InstanceStats[];
  /** Absent when no route has TLS. */
  readonly certificates?: readonly CertificateStats[];
}

/** Upper bounds in milliseconds: 0.5 ms growing by the fourth root of 2 up to about 60 s. */
export const latencyBucketsMs: readonly number[] = Array.from(
  { length: 68 },
  (_, i) => 0.5 * 2 ** (i / 4),
);
