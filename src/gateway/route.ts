// One listening route: its front, its instances, its clients and its waiting room.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { Route, Upstream } from "../protocol/gateway.ts";
import type { CertificateStats } from "../protocol/gateway-secure.ts";
import { featureKinds } from "./features/all.ts";
import { createFront, type Serve } from "./front/front.ts";
import { createListening, type Listening } from "./front/listening.ts";
import { networksOf, ownNetworks } from "./front/networks.ts";
import { isHttp2 } from "./front/tls.ts";
import { ClientConnection } from "./http1/client-connection.ts";
import { InstanceConnection } from "./http1/instance-connection.ts";
import { KnownHeads } from "./http1/known-heads.ts";
import type { AskedHeads } from "./http1/request-reader.ts";
import { ClientSession } from "./http2/client-session.ts";
import { createH2cCarriers } from "./http2/instance-sessions.ts";
import { createBalancing } from "./relay/balancing/balancing.ts";
import { Crowd } from "./relay/crowd.ts";
import { dateLines } from "./relay/date.ts";
import type { Deadlines } from "./relay/deadlines.ts";
import type { Connected, Desk } from "./relay/desk.ts";
import { createFeatureSet } from "./relay/feature-set.ts";
import { createWaitingRoom } from "./relay/hold.ts";
import type { OpenCarrier } from "./relay/home.ts";
import { Instance, type InstanceParts } from "./relay/instance.ts";
import { defaultLimits, type Limits } from "./relay/limits.ts";
import type { ResponseHead } from "./relay/messages.ts";
import { Retrying } from "./relay/retrying.ts";
import { createSweep } from "./relay/sweep.ts";
import type { Stats } from "./stats.ts";
import { TcpConnection } from "./tcp/client-connection.ts";

export interface LiveRoute {
  /** What is in force for TLS. */
  readonly certificates: readonly CertificateStats[];
  /** Opens the listening socket if it is not open. @throws the system's error. */
  listen(): Promise<void>;
  /** Takes the new state of the same service, host and port. */
  apply(config: Route): void;
  /**
   * Stops listening; requests in flight have `graceMs`, then their connections are cut. For `idleMs`
   * a client that keeps its connection may still use it once: with that answer it is told to go.
   */
  close(graceMs: number, idleMs?: number): Promise<void>;
}

export interface RouteContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlines: Deadlines;
  readonly stats: Stats;
  readonly log: Log;
  /** Absent: every route opens its own. */
  readonly listening?: Listening;
}

/** Deadlines of tries have to be met closely, those of clients not. */
const tryResolutionMs = 20;
const clientResolutionMs = 250;
const closePollMs = 50;

export function createRoute(
  config: Route,
  context: RouteContext,
  usual: Limits = defaultLimits,
): LiveRoute {
  const limits = { ...usual, ...config.limits };
  const { clock, random, log, deadlines, stats, listening = createListening() } = context;
  const clients = new Set<Connected>();
  const sweep = createSweep(clock, clientResolutionMs);
  const counters = stats.route(config.service);
  const upstreams = (): readonly Instance[] => desk.upstreams;
  const features = createFeatureSet(featureKinds, { clock, random, log, counters, upstreams });
  const room = createWaitingRoom(deadlines, limits.waiting);
  const desk = {
    ...{ room, crowd: new Crowd(counters, room) },
    ...{ clock, random, log, limits, config, counters, clients, deadlines, features },
    upstreams: [] as readonly Instance[],
    balancing: createBalancing({ random, upstreams, nowMs: () => clock.now() }),
    retrying: new Retrying(counters, clock.now()),
    sweep,
    closing: false as boolean,
    dateLine: dateLines(clock, () => sweep.nowMs),
    trusted: networksOf(config.trustForwarded ?? ownNetworks),
  } satisfies Desk;
  const around = { clock, deadlines, log, limits, listening, clients };
  const front = createFront(config, around, receiving(desk));
  const parts = {
    ...{ clock, limits: ofAnswers(limits), sweep: createSweep(clock, tryResolutionMs) },
    open: opening(desk),
  } satisfies Omit<InstanceParts, "counters">;

  const apply = (next: Route): void => {
    const before = desk.upstreams;
    desk.config = next;
    front.apply(next);
    desk.upstreams = next.upstreams.map((wanted) => {
      const same = before.find((up) => isSame(up, wanted));
      same?.update(wanted);
      return same ?? new Instance(wanted, { ...parts, counters: stats.instance(wanted.instance) });
    });
    desk.balancing.apply(next);
    desk.retrying.apply(next);
    features.apply(next);
    for (const old of before) if (!desk.upstreams.includes(old)) old.retire();
    if (desk.upstreams.some(({ isOpen }) => isOpen) || next.degraded) desk.room.wakeAll();
    // Last: what leaves it looks for another one.
    for (const up of desk.upstreams) if (up.state === "hung") up.abandon();
  };

  return {
    apply,
    get certificates() {
      return front.certificates;
    },
    listen: () => front.listen(),
    async close(graceMs, idleMs = 0) {
      const cutAtMs = clock.now() + graceMs;
      const idleUntilMs = clock.now() + idleMs;
      desk.closing = true;
      front.close();
      while (clients.size > 0 && clock.now() < idleUntilMs) await clock.sleep(closePollMs);
      for (const client of clients) client.retire();
      while (clients.size > 0 && clock.now() < cutAtMs) await clock.sleep(closePollMs);
      for (const client of [...clients]) client.cut();
      for (const upstream of desk.upstreams) upstream.retire();
      features.close();
    },
  };
}

/** To what speaks the client's protocol. */
function receiving(desk: Desk): Serve {
  const known: AskedHeads = new KnownHeads();
  return (socket, peer) => {
    const { config, counters } = desk;
    counters.clients++;
    socket.once("close", () => counters.clients--);
    if (config.protocol === "tcp") new TcpConnection(socket, peer, desk);
    else if (isHttp2(socket)) new ClientSession(socket, peer, desk);
    else new ClientConnection(socket, peer, desk, known);
  };
}

/** By what the instances speak. */
function opening(desk: Pick<Desk, "config">): OpenCarrier {
  const openH2c = createH2cCarriers();
  const known = new KnownHeads<ResponseHead>();
  return (home, isOwn) =>
    desk.config.back === "h2c" ? openH2c(home, isOwn) : new InstanceConnection(home, isOwn, known);
}

function isSame(up: Instance, { instance, port, path }: Upstream): boolean {
  return up.instance === instance && up.port === port && up.path === path;
}

/** An instance is trusted to know when its answer ends: a stream may go on for weeks. */
function ofAnswers(limits: Limits): Limits {
  const endless = Number.POSITIVE_INFINITY;
  return { ...limits, bodyBytes: endless, chunkExtensionsBytes: endless };
}
