// Keeps the gateway process running and in step with the loop; it outlives the daemon.

import type { GatewayLink } from "../gateway/link.ts";
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { randomId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { shared } from "../kernel/shared.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import type { Ended, Platform } from "../platforms/platform.ts";
import type { GatewayStats, Route } from "../protocol/gateway.ts";
import { createRunner, type Run, type Runner, within } from "../supervisor/runner.ts";
import { type RoutePusher, routePusher } from "./gateway-routes.ts";
import { gatewayStopMs } from "./stop-time.ts";

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
  stop(): Promise<void>;
}

export interface GatewayProcessOptions {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly project: string;
  readonly link: GatewayLink;
  /** The command line of the gateway's own process. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** Longer than a gateway takes to start on a busy machine. */
const answerMs = 10_000;
const pollMs = 20;
const againMs = 500;
const lookMs = 1_000;
/** Each unanswered question takes 2 s: a gateway that is silent for so many hangs. */
const silentLimit = 5;

export function keepGateway(options: GatewayProcessOptions): GatewayProcess {
  const { clock, log, link } = options;
  const routes = routePusher(link, log);
  const stopped = new AbortController();
  const { signal } = stopped;
  const runner = makeRunner(options, (ended) => {
    routes.forget();
    if (signal.aborted) return;
    log.error("the gateway ended; it is started again", { ...ended });
    void keep();
  });
  const keep = shared(() => attempts({ ...options, runner, routes, signal }));

  return {
    boot: async () => {
      adoptOne(options, runner);
      void lookAfter({ ...options, runner, routes, signal });
      if (await within(clock, answerMs, keep())) return;
      log.error("the gateway does not answer yet; the services start all the same");
    },
    sync: routes.want,
    inStep: async () => {
      const untilMs = clock.now() + answerMs;
      while (!(await routes.inStep())) {
        if (clock.now() > untilMs || signal.aborted) {
          throw new HomeostatError("GATEWAY_ABSENT", "the gateway did not take the routes");
        }
        await clock.sleep(pollMs);
      }
    },
    drained: async (target, ms) => {
      const untilMs = clock.now() + ms;
      await routes.push();
      while (clock.now() < untilMs) {
        // A gateway that does not say is asked again: silence is no proof of being idle.
        const left = await link.inflight(target).catch(() => undefined);
        if (left === 0) return;
        await clock.sleep(pollMs);
      }
    },
    stats: () => link.stats(),
    stop: async () => {
      stopped.abort();
      routes.forget();
      await runner.stop("homeostat", { signal: "SIGTERM", waitMs: gatewayStopMs });
      link.close();
    },
  };
}

interface Keeping extends GatewayProcessOptions {
  readonly runner: Runner;
  readonly routes: RoutePusher;
  readonly signal: AbortSignal;
}

/** One attempt after the other, for ever: without a gateway nothing is served. */
async function attempts({ runner, routes, signal, link, clock, log }: Keeping): Promise<void> {
  while (!signal.aborted && !routes.answers) {
    try {
      await answering(await runner.start("homeostat"), link, clock);
      routes.answers = true;
      await routes.push();
    } catch (error) {
      if (signal.aborted) return;
      log.error("the gateway does not start", { reason: messageOf(error) });
      await runner.stop("homeostat", { signal: "SIGKILL", waitMs: 0 });
      await clock.sleep(againMs, signal).catch(() => {});
    }
  }
}

/** A gateway that runs and does not speak is ended: its end starts another. */
async function lookAfter(keeping: Keeping): Promise<void> {
  const { runner, routes, signal, link, clock, log, platform } = keeping;
  let silent = 0;
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal).catch(() => {});
    if (signal.aborted || !routes.answers) continue;
    const speaks = await isAnswering(link);
    silent = speaks ? 0 : silent + 1;
    if (speaks) await routes.push();
    if (silent < silentLimit || !runner.current) continue;
    log.error("the gateway hangs; it is ended and started again", { unanswered: silent });
    platform.signalGroup(runner.current.identity, "SIGKILL");
    silent = 0;
  }
}

function makeRunner(options: GatewayProcessOptions, onEnded: (ended: Ended) => void): Runner {
  const { platform, clock, log, project, command, cwd, env, logFile } = options;
  return createRunner({
    target: gatewayTarget,
    platform,
    clock,
    log,
    spec: async () => {
      const run = randomId(options.random);
      return { target: gatewayTarget, project, run, command, cwd, env, logFile };
    },
    onStarted: () => {},
    onStopping: () => {},
    onEnded: (_run, ended) => onEnded(ended),
  });
}

/** Two gateways cannot serve the same ports: the first one has them, any other one ends. */
function adoptOne({ platform, project, clock, log }: GatewayProcessOptions, runner: Runner): void {
  const [first, ...others] = platform
    .scan(project)
    .filter((found) => found.target === gatewayTarget && found.leader)
    .toSorted((a, b) => a.identity.startTicks - b.identity.startTicks);
  if (first) runner.adopt(first, clock.now(), false);
  for (const { identity } of others) {
    log.warn("ending a second gateway", { pid: identity.pid });
    platform.signalGroup(identity, "SIGKILL");
  }
}

/** @throws GATEWAY_ABSENT when it ends, and the last error when it says nothing for too long. */
async function answering(run: Run, link: GatewayLink, clock: Clock): Promise<void> {
  const untilMs = clock.now() + answerMs;
  let over = false;
  void run.over.then(() => {
    over = true;
  });
  for (;;) {
    try {
      await link.stats();
      return;
    } catch (error) {
      if (over) throw new HomeostatError("GATEWAY_ABSENT", "it ended before it answered");
      if (clock.now() > untilMs) throw error;
      await clock.sleep(pollMs);
    }
  }
}

function isAnswering(link: GatewayLink): Promise<boolean> {
  return link.stats().then(
    () => true,
    () => false,
  );
}
