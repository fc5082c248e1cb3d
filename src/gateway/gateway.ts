// All routes of the gateway: applies configurations, counts, and drains at the end.
import { messageOf } from "../kernel/errors.ts";
import type { FromGateway, GatewayConfig, GatewayStats, Route } from "../protocol/gateway.ts";
import { createDeadlines } from "./relay/deadlines.ts";
import { createRoute, type LiveRoute, type RouteContext } from "./route.ts";
import { createStats } from "./stats.ts";
import { createToxiproxy } from "./toxiproxy/toxiproxy.ts";

export type Applied = Extract<FromGateway, { kind: "applied" }>;

export interface Gateway {
  /** Version of the config in force; 0 when there is none. */
  readonly version: number;
  /** Puts a config in force, one after the other; an older one than the current is ignored. */
  apply(config: GatewayConfig): Promise<Applied>;
  stats(): GatewayStats;
  /** Stops listening and waits up to `graceMs` for requests in flight. */
  drain(graceMs: number): Promise<void>;
}

/** How long requests of a route that left the config may still take. */
const removedGraceMs = 30_000;

export function createGateway(parts: Pick<RouteContext, "clock" | "random" | "log">): Gateway {
  const { clock, log } = parts;
  const stats = createStats();
  const context: RouteContext = { ...parts, stats, deadlines: createDeadlines(clock) };
  const routes = new Map<string, LiveRoute>();
  const toxiproxy = createToxiproxy(parts);
  const leaving = new Set<Promise<void>>();
  let version = 0;
  let drained = false;
  let queue: Promise<unknown> = Promise.resolve();

  const put = async (config: GatewayConfig): Promise<Applied> => {
    if (config.version < version || drained) return { kind: "applied", version, problems: [] };
    version = config.version;
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
      problems.push({ service: "toxiproxy", text });
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
    stats: () => stats.snapshot(version),
    async drain(graceMs) {
      drained = true;
      await queue;
      const left = Promise.race([Promise.all(leaving), clock.sleep(graceMs)]);
      await Promise.all([...[...routes.values()].map((route) => route.close(graceMs)), left]);
      await toxiproxy.apply(undefined);
    },
  };
}

function keyOf({ service, host, port }: Route): string {
  return `${service} ${host} ${port}`;
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
