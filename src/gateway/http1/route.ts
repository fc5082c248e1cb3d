// One listening route: its socket, its instances, its clients and its waiting room.
import { createServer, type Server } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { Deadlines } from "../deadlines.ts";
import { createWaitingRoom } from "../hold.ts";
import type { Stats } from "../stats.ts";
import { ClientConnection } from "./client-connection.ts";
import { dateLines } from "./date.ts";
import type { Connected, Desk } from "./desk.ts";
import { Instance } from "./instance.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { createSweep } from "./sweep.ts";

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

/** Deadlines of tries have to be met closely, those of clients not. */
const tryResolutionMs = 20;
const clientResolutionMs = 250;
const closePollMs = 50;

export function createRoute(
  config: Route,
  context: RouteContext,
  limits: Limits = defaultLimits,
): LiveRoute {
  const { clock, random, log, deadlines, stats } = context;
  const tries = createSweep(clock, tryResolutionMs);
  const clients = new Set<Connected>();
  const desk = {
    ...{ clock, random, log, limits, config, upstreams: [] as readonly Instance[] },
    room: createWaitingRoom(deadlines, limits.waiting),
    counters: stats.route(config.service),
    sweep: createSweep(clock, clientResolutionMs),
    closing: false as boolean,
    dateLine: dateLines(clock),
    clients,
  } satisfies Desk;
  const server = createRouteServer(desk);
  const parts = { clock, limits: ofAnswers(limits), sweep: tries };

  const apply = (next: Route): void => {
    const before = desk.upstreams;
    desk.config = next;
    desk.upstreams = next.upstreams.map((wanted) => {
      const same = before.find((up) => up.instance === wanted.instance && up.port === wanted.port);
      if (same) same.state = wanted.state;
      const counters = stats.instance(wanted.instance);
      return same ?? new Instance(wanted, { ...parts, counters });
    });
    for (const old of before) if (!desk.upstreams.includes(old)) old.retire();
    if (desk.upstreams.some(({ isOpen }) => isOpen) || next.degraded) desk.room.wakeAll();
    // Last: what leaves it looks for another one.
    for (const up of desk.upstreams) if (up.state === "hung") up.abandon();
  };

  return {
    apply,
    listen: () => (server.listening ? Promise.resolve() : listen(server, config)),
    async close(graceMs) {
      const cutAtMs = clock.now() + graceMs;
      desk.closing = true;
      server.close();
      for (const client of clients) client.retire();
      while (clients.size > 0 && clock.now() < cutAtMs) await clock.sleep(closePollMs);
      for (const client of [...clients]) client.cut();
      for (const upstream of desk.upstreams) upstream.retire();
    },
  };
}

/** An instance is trusted to know when its answer ends: a stream may go on for weeks. */
function ofAnswers(limits: Limits): Limits {
  const endless = Number.POSITIVE_INFINITY;
  return { ...limits, bodyBytes: endless, chunkExtensionsBytes: endless };
}

function createRouteServer(desk: Desk): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    new ClientConnection(socket, desk);
  });
  server.maxConnections = desk.limits.connections;
  server.on("error", (error) => {
    desk.log.warn("route", { service: desk.config.service, error: messageOf(error) });
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
