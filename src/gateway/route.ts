// One listening route: its front, its instances, its clients and its waiting room.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Route } from "../protocol/gateway.ts";
import { featureKinds } from "./features/all.ts";
import { createFront } from "./front/front.ts";
import { ClientConnection } from "./http1/client-connection.ts";
import { InstanceConnection } from "./http1/instance-connection.ts";
import { dateLines } from "./relay/date.ts";
import type { Deadlines } from "./relay/deadlines.ts";
import type { Connected, Desk } from "./relay/desk.ts";
import { createFeatureSet } from "./relay/feature-set.ts";
import { createWaitingRoom } from "./relay/hold.ts";
import { Instance, type InstanceParts } from "./relay/instance.ts";
import { defaultLimits, type Limits } from "./relay/limits.ts";
import { createSweep } from "./relay/sweep.ts";
import type { Stats } from "./stats.ts";

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
  const clients = new Set<Connected>();
  const counters = stats.route(config.service);
  const upstreams = (): readonly Instance[] => desk.upstreams;
  const features = createFeatureSet(featureKinds, { clock, random, log, counters, upstreams });
  const desk = {
    ...{ clock, random, log, limits, config, counters, clients, deadlines, features },
    upstreams: [] as readonly Instance[],
    room: createWaitingRoom(deadlines, limits.waiting),
    sweep: createSweep(clock, clientResolutionMs),
    closing: false as boolean,
    dateLine: dateLines(clock),
  } satisfies Desk;
  const front = createFront(config, { log, limits }, (socket, peer) => {
    counters.clients++;
    socket.once("close", () => counters.clients--);
    new ClientConnection(socket, peer, desk);
  });
  const parts = {
    ...{ clock, limits: ofAnswers(limits), sweep: createSweep(clock, tryResolutionMs) },
    open: (home, isOwn) => new InstanceConnection(home, isOwn),
  } satisfies Omit<InstanceParts, "counters">;

  const apply = (next: Route): void => {
    const before = desk.upstreams;
    desk.config = next;
    desk.upstreams = next.upstreams.map((wanted) => {
      const same = before.find((up) => up.instance === wanted.instance && up.port === wanted.port);
      if (same) same.state = wanted.state;
      return same ?? new Instance(wanted, { ...parts, counters: stats.instance(wanted.instance) });
    });
    features.apply(next);
    for (const old of before) if (!desk.upstreams.includes(old)) old.retire();
    if (desk.upstreams.some(({ isOpen }) => isOpen) || next.degraded) desk.room.wakeAll();
    // Last: what leaves it looks for another one.
    for (const up of desk.upstreams) if (up.state === "hung") up.abandon();
  };

  return {
    apply,
    listen: () => (front.isListening ? Promise.resolve() : front.listen()),
    async close(graceMs) {
      const cutAtMs = clock.now() + graceMs;
      desk.closing = true;
      front.close();
      for (const client of clients) client.retire();
      while (clients.size > 0 && clock.now() < cutAtMs) await clock.sleep(closePollMs);
      for (const client of [...clients]) client.cut();
      for (const upstream of desk.upstreams) upstream.retire();
      features.close();
    },
  };
}

/** An instance is trusted to know when its answer ends: a stream may go on for weeks. */
function ofAnswers(limits: Limits): Limits {
  const endless = Number.POSITIVE_INFINITY;
  return { ...limits, bodyBytes: endless, chunkExtensionsBytes: endless };
}
