// One listening route: its socket, its instances and its waiting room.
import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Route } from "../protocol/gateway.ts";
import type { Deadlines } from "./deadlines.ts";
import { createWaitingRoom } from "./hold.ts";
import { isOpen, type Serving, serve } from "./serve.ts";
import type { Stats } from "./stats.ts";
import { tunnel } from "./tunnel.ts";
import { createUpstream, type LiveUpstream } from "./upstream.ts";

export interface LiveRoute {
  /** Opens the listening socket if it is not open. @throws the system's error. */
  listen(): Promise<void>;
  /** Takes the new state of the same service, host and port. */
  apply(config: Route): void;
  /** Stops listening; requests in flight have `graceMs`, then their connections are cut. */
  close(graceMs: number): Promise<void>;
}

export interface RouteContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlines: Deadlines;
  readonly stats: Stats;
  readonly log: Log;
}

const limits = {
  waiting: 10_000,
  connections: 20_000,
  headerBytes: 32 * 1024,
  headersMs: 15_000,
  /** The whole request; a large upload over a slow line takes long. */
  requestMs: 3_600_000,
  /** Longer than the 60 s that load balancers and browsers keep an idle connection. */
  keepAliveMs: 65_000,
} as const;

const closePollMs = 50;

export function createRoute(config: Route, context: RouteContext): LiveRoute {
  const { clock, deadlines, stats } = context;
  const serving = {
    ...context,
    config,
    upstreams: [] as readonly LiveUpstream[],
    room: createWaitingRoom(deadlines, limits.waiting),
    counters: stats.route(config.service),
  };
  const tunnels = new Set<Duplex>();
  const server = createRouteServer(serving, tunnels);

  const apply = (next: Route): void => {
    const before = serving.upstreams;
    serving.config = next;
    serving.upstreams = next.upstreams.map((wanted) => {
      const same = before.find((up) => up.instance === wanted.instance && up.port === wanted.port);
      same?.moveTo(wanted.state);
      return same ?? createUpstream(wanted, stats.instance(wanted.instance));
    });
    for (const old of before) if (!serving.upstreams.includes(old)) old.retire();
    if (serving.upstreams.some(isOpen) || next.degraded) serving.room.wakeAll();
    // Last: what leaves it looks for another one.
    for (const up of serving.upstreams) if (up.state === "hung") up.abandon();
  };

  return {
    apply,
    listen: () => (server.listening ? Promise.resolve() : listen(server, config)),
    async close(graceMs) {
      const cutAtMs = clock.now() + graceMs;
      let closed = !server.listening;
      server.close(() => {
        closed = true;
      });
      while (!closed && clock.now() < cutAtMs) {
        await clock.sleep(closePollMs);
        // A connection that was busy when the socket closed is idle after its answer.
        server.closeIdleConnections();
      }
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      for (const upstream of serving.upstreams) upstream.retire();
    },
  };
}

function createRouteServer(serving: Serving, tunnels: Set<Duplex>): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Other upgrades (h2c) are offers that a server may leave unanswered: plain requests.
    shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
  });
  server.maxConnections = limits.connections;
  const onRequest: Parameters<typeof createServer>[1] = (req, res) => {
    if (!server.listening) res.shouldKeepAlive = false;
    serve(serving, req, res).catch((error: unknown) => {
      serving.log.error("a request could not be served", { error: messageOf(error) });
      res.destroy();
    });
  };
  server.on("request", onRequest);
  // Without this Node asks for the body at once, even when no instance will take it.
  server.on("checkContinue", onRequest);
  server.on("upgrade", (req, socket, head) => {
    tunnels.add(socket);
    socket.once("close", () => tunnels.delete(socket));
    tunnel(serving, req, socket, head);
  });
  server.on("error", (error) => {
    serving.log.warn("route", { service: serving.config.service, error: messageOf(error) });
  });
  return server;
}

function listen(server: Server, { host, port }: Route): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      server.off("listening", onListening);
      reject(error);
    };
    const onListening = (): void => {
      server.off("error", onError);
      resolve();
    };
    server.once("error", onError).once("listening", onListening).listen({ host, port });
  });
}
