// Keeps a gateway running and in step with the loop, and replaces it by the next; it outlives the daemon.
import type { Hello } from "../gateway/greeting.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { shared } from "../kernel/shared.ts";
import { addressOf } from "../model/listen-socket.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import type { Ended, Found } from "../platforms/platform.ts";
import { type GatewayStats, gatewayProtocol, type Route } from "../protocol/gateway.ts";
import { within } from "../supervisor/runner.ts";
import { type FindOptions, findGateways } from "./gateway-found.ts";
import { answerMs, type OneGateway, type OneOptions, oneGateway } from "./gateway-one.ts";
import { lookAfter } from "./gateway-watch.ts";
import { withTerms } from "./route-terms.ts";

export interface GatewayProcess {
  /** Takes over a running gateway or starts one; resolves when it answers, or after 10 s. */
  boot(): Promise<void>;
  /** Brings the gateway to these routes; the latest wins when calls come quickly. */
  sync(routes: readonly Route[]): void;
  /** Resolves when the routes of the last `sync` are in force. @throws GATEWAY_ABSENT after 10 s */
  inStep(): Promise<void>;
  /** Resolves when the instance has no request left, or after `ms`. */
  drained(target: Target, ms: number): Promise<void>;
  /** What each instance was asked, counted. @throws GATEWAY_ABSENT */
  stats(): Promise<GatewayStats>;
  /**
   * Another process takes its place, and no connection is refused; what it has under way it finishes.
   * @throws NOT_NOW when the next one cannot do its work: then this one goes on.
   */
  renew(): Promise<void>;
  stop(): Promise<void>;
}

export interface GatewayProcessOptions extends Omit<OneOptions, "terms">, FindOptions {
  /** The program that it is to be, see {@link programOf}. */
  readonly release: string;
  /** Whether this system can hold sockets for a process. */
  readonly holds: boolean;
  /** Nobody is to find a gateway any more. */
  readonly unplace: () => void;
}

const pollMs = 20;
const patienceMaxMs = 8 * answerMs;
const againMs = 500;

interface Keeping {
  readonly options: GatewayProcessOptions & OneOptions;
  readonly signal: AbortSignal;
  /** Told to leave, and still busy. */
  readonly leaving: Set<OneGateway>;
  current: OneGateway;
  /** About to take the place of `current`. */
  next?: OneGateway | undefined;
  wanted: readonly Route[];
  /** One attempt after the other until a gateway serves. */
  keep(): Promise<void>;
  renew(): Promise<void>;
}

export function keepGateway(given: GatewayProcessOptions): GatewayProcess {
  const { clock, log, platform, sockets, logFile } = given;
  const beganAtMs = clock.wall();
  const terms: OneOptions["terms"] = (routes) =>
    withTerms(routes, { beganAtMs, nowMs: clock.wall(), logFile });
  const options = { ...given, terms };
  platform.keepSockets?.(sockets.map(addressOf), gatewayTarget);
  const stopped = new AbortController();
  const { signal } = stopped;
  const keeping: Keeping = {
    ...{ options, signal, leaving: new Set(), wanted: [] },
    current: newOne(options, false, () => keeping),
    keep: shared(() => attempts(keeping)),
    renew: shared(() => replace(keeping)),
  };
  return {
    boot: async () => {
      const ready = await takeOver(keeping);
      void lookAfter(() => keeping.current, signal, options);
      if (await within(clock, answerMs, ready())) return;
      log.error("the gateway does not answer yet; the services start all the same");
    },
    sync: (routes) => {
      keeping.wanted = routes;
      for (const { routes: pusher } of all(keeping)) pusher.want(routes);
    },
    inStep: async () => {
      const untilMs = clock.now() + answerMs;
      while (!(await keeping.current.routes.inStep())) {
        if (clock.now() > untilMs || signal.aborted) {
          throw new HomeostatError("GATEWAY_ABSENT", "the gateway did not take the routes");
        }
        await clock.sleep(pollMs);
      }
    },
    drained: (target, ms) => drained(keeping, target, ms),
    stats: () => keeping.current.link.stats(),
    renew: async () => {
      if (!keeping.current.routes.answers) await within(clock, answerMs, keeping.keep());
      await keeping.renew();
    },
    stop: async () => {
      stopped.abort();
      // Nobody would answer on them.
      platform.keepSockets?.([], gatewayTarget);
      for (const one of all(keeping)) one.routes.forget();
      await Promise.all(all(keeping).map((one) => one.end()));
      options.unplace();
    },
  };
}

function all({ current, next, leaving }: Keeping): readonly OneGateway[] {
  return [current, ...(next ? [next] : []), ...leaving];
}

function newOne(options: Keeping["options"], beside: boolean, keeping: () => Keeping): OneGateway {
  const one = oneGateway(options, beside, (ended) => onEnded(keeping(), one, ended));
  return one;
}

function onEnded(keeping: Keeping, one: OneGateway, ended: Ended): void {
  const { options, signal, next } = keeping;
  one.routes.forget();
  if (signal.aborted || one !== keeping.current) return;
  options.log.error("the gateway ended; it is started again", { ...ended });
  // One that is on its way already will do.
  if (!next) void keeping.keep();
}

/** For ever: without a gateway nothing is served. */
async function attempts(keeping: Keeping): Promise<void> {
  const { signal, options } = keeping;
  const { clock, log } = options;
  for (let patienceMs = answerMs; !signal.aborted && !keeping.current.routes.answers; ) {
    const one = keeping.current;
    try {
      await one.begin(patienceMs);
      one.take();
    } catch (error) {
      if (signal.aborted) return;
      log.error("the gateway does not start", { reason: messageOf(error) });
      one.routes.forget();
      await one.kill();
      // A machine that is too busy for one start is not helped by ever new ones.
      patienceMs = Math.min(patienceMs * 2, patienceMaxMs);
      await clock.sleep(againMs, signal).catch(() => {});
    }
  }
}

/** Two serve for a moment; both know the routes, and clients come to one or the other. */
async function replace(keeping: Keeping, isForeign = false): Promise<void> {
  const { options, signal, current } = keeping;
  const next = newOne(options, true, () => keeping);
  keeping.next = next;
  next.routes.want(keeping.wanted);
  try {
    await next.begin();
    const lost = next.routes.missing.filter((name) => !current.routes.missing.includes(name));
    if (lost.length > 0 && !isForeign) throw new Error(`it cannot open ${lost.join(", ")}`);
    if (signal.aborted) throw new Error("everything ends");
    next.take();
  } catch (error) {
    keeping.next = undefined;
    await next.kill();
    if (!current.routes.answers && !signal.aborted && !isForeign) void keeping.keep();
    const text = `the next gateway does not serve, and this one goes on: ${messageOf(error)}`;
    throw new HomeostatError("NOT_NOW", text);
  }
  options.log.info("another gateway has taken over", { pid: next.runner.current?.identity.pid });
  keeping.next = undefined;
  keeping.current = next;
  dismiss(keeping, current);
}

function dismiss({ options, leaving }: Keeping, one: OneGateway): void {
  leaving.add(one);
  one
    .leave()
    .catch((error: unknown) => {
      options.log.error("a gateway does not leave", { reason: messageOf(error) });
    })
    .finally(() => leaving.delete(one));
}

/** What runs is taken over; what remains to be done then, until a gateway of this version serves. */
async function takeOver(keeping: Keeping): Promise<() => Promise<void>> {
  const { options, current, keep } = keeping;
  const { log } = options;
  const { one, others } = await findGateways(options);
  for (const found of others) dismissFound(keeping, found);
  if (!one) return keep;
  current.adopt(one.found);
  if (one.hello.protocol !== gatewayProtocol) return () => replaceForeign(keeping);
  return async () => {
    await keep();
    if (!isBehind(keeping, one.hello)) return;
    await keeping.renew().catch((error: unknown) => log.error(messageOf(error)));
  };
}

function dismissFound(keeping: Keeping, found: Found): void {
  const { pid } = found.identity;
  keeping.options.log.warn("a gateway is left from before: it finishes what it has", { pid });
  const other = newOne(keeping.options, false, () => keeping);
  other.adopt(found);
  dismiss(keeping, other);
}

/** It serves by its last routes, and nothing more can be told to it. */
async function replaceForeign(keeping: Keeping): Promise<void> {
  const { options, current } = keeping;
  try {
    await replace(keeping, true);
  } catch (error) {
    options.log.error(messageOf(error));
    keeping.current = newOne(options, false, () => keeping);
    keeping.current.routes.want(keeping.wanted);
    dismiss(keeping, current);
    await keeping.keep();
  }
}

/** It is of another version, or was not given all sockets that would outlive it. */
function isBehind({ options, current }: Keeping, { release, held }: Hello): boolean {
  const { sockets, holds } = options;
  const isBare = holds && sockets.some(({ name }) => !held.includes(name));
  return release !== options.release || isBare || current.routes.missing.length > 0;
}

async function drained(keeping: Keeping, target: Target, ms: number): Promise<void> {
  const { clock } = keeping.options;
  const untilMs = clock.now() + ms;
  await Promise.all(all(keeping).map(({ routes }) => routes.push()));
  /** A gateway that does not say is asked again: silence is no proof of being idle. */
  const left = async ({ link }: OneGateway): Promise<number | undefined> =>
    link.inflight(target).catch(() => undefined);
  while (clock.now() < untilMs) {
    const counts = await Promise.all([
      left(keeping.current),
      // Of one that leaves its end is an answer as well.
      ...[...keeping.leaving].map(async (one) => (await left(one)) ?? 0),
    ]);
    if (counts.every((count) => count === 0)) return;
    await clock.sleep(pollMs);
  }
}
