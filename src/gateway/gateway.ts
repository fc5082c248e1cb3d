// All routes of the gateway: applies configurations, counts, and drains at the end.
import { messageOf } from "../kernel/errors.ts";
import {
  type FromGateway,
  type GatewayConfig,
  type GatewayStats,
  type Route,
  toxiproxyName,
} from "../protocol/gateway.ts";
import { createDeadlines } from "./relay/deadlines.ts";
import { createRoute, type LiveRoute, type RouteContext } from "./route.ts";
import { createStats } from "./stats.ts";
import type { Toxiproxy } from "./toxiproxy/toxiproxy.ts";

export type Applied = Extract<FromGateway, { kind: "applied" }>;

export interface Gateway {
  /** Version of the config in force; 0 when there is none. */
  readonly version: number;
  /** Puts a config in force, one after the other; an older one than the current is ignored. */
  apply(config: GatewayConfig): Promise<Applied>;
  stats(): GatewayStats;
  /**
   * Stops listening and waits up to `graceMs` for requests in flight; `idleMs` as with a route. The
   * instances of a later config are still taken over: requests in flight may need them.
   */
  drain(graceMs: number, idleMs?: number): Promise<void>;
}

/** How long requests of a route that left the config may still take. */
const removedGraceMs = 30_000;

export function createGateway(
  parts: Pick<RouteContext, "clock" | "random" | "log" | "listening">,
): Gateway {
  const { clock, log } = parts;
  const stats = createStats();
  const context: RouteContext = { ...parts, stats, deadlines: createDeadlines(clock) };
  const routes = new Map<string, LiveRoute>();
  const toxiproxy = lazyToxiproxy(parts);
  const leaving = new Set<Promise<void>>();
  let version = 0;
  let drained = false;
  let queue: Promise<unknown> = Promise.resolve();

  const put = async (config: GatewayConfig): Promise<Applied> => {
    if (config.version < version) return { kind: "applied", version, problems: [] };
    version = config.version;
    if (drained) {
      for (const route of config.routes) routes.get(keyOf(route))?.apply(route);
      return { kind: "applied", version, problems: [] };
    }
    removeAllBut(routes, new Set(config.routes.map(keyOf)), leaving);
    stats.prune(config.routes);
    const problems = [];
    for (const route of config.routes) {
      const key = keyOf(route);
      const live = routes.get(key) ?? createRoute(route, context);
      routes.set(key, live);
      live.apply(route);
      const text = await live.listen().then(() => undefined, messageOf);
      if (text !== undefined) problems.push({ service: route.service, text });
    }
    for (const text of await toxiproxy.apply(config.toxiproxy)) {
      problems.push({ service: toxiproxyName, text });
    }
    log.info("config applied", { version, routes: config.routes.length, problems });
    return { kind: "applied", version, problems };
  };

  return {
    get version() {
      return version;
    },
    apply(config) {
      const applied = queue.then(() => put(config));
      queue = applied.catch(() => {});
      return applied;
    },
    stats: () => {
      const certificates = [...routes.values()].flatMap((route) => route.certificates);
      return { ...stats.snapshot(version), ...(certificates.length > 0 ? { certificates } : {}) };
    },
    async drain(graceMs, idleMs) {
      drained = true;
      await queue;
      const left = Promise.race([Promise.all(leaving), clock.sleep(graceMs)]);
      const closing = [...routes.values()].map((route) => route.close(graceMs, idleMs));
      // Its ports are held by nobody, and the next gateway wants them.
      await Promise.all([...closing, left, toxiproxy.apply(undefined)]);
    },
  };
}

/** What differs here is another listening socket, or other clients on it. */
function keyOf({ service, host, port, protocol, path, ...route }: Route): string {
  const { acceptProxy, trustForwarded, limits } = route;
  const clients = [acceptProxy, trustForwarded, limits];
  return JSON.stringify([service, host, port, protocol, path, ...clients]);
}

/** What they have promised to finish, `leaving` knows until then. */
function removeAllBut(
  routes: Map<string, LiveRoute>,
  wanted: ReadonlySet<string>,
  leaving: Set<Promise<void>>,
): void {
  for (const [key, route] of routes) {
    if (wanted.has(key)) continue;
    routes.delete(key);
    const closing = route.close(removedGraceMs).finally(() => leaving.delete(closing));
    leaving.add(closing);
  }
}

/** Its program is loaded by who wants it: each module more is time without a gateway when it starts. */
function lazyToxiproxy(parts: Pick<RouteContext, "clock" | "random" | "log">): Toxiproxy {
  let own: Toxiproxy | undefined;
  return {
    apply: async (config) => {
      if (!config && !own) return [];
      own ??= (await import("./toxiproxy/toxiproxy.ts")).createToxiproxy(parts);
      return own.apply(config);
    },
  };
}
