// Keeps the gateway process running and in step with the loop; it outlives the daemon.
import type { GatewayLink } from "../gateway/link.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { randomId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import type { Ended, Platform } from "../platforms/platform.ts";
import type { Route } from "../protocol/gateway.ts";
import { createRunner, type Runner } from "../supervisor/runner.ts";
import { routePusher } from "./gateway-routes.ts";

export interface GatewayProcess {
  /** Takes over a running gateway or starts one; resolves when it answers. */
  boot(): Promise<void>;
  /** Brings the gateway to these routes; the latest wins when calls come quickly. */
  sync(routes: readonly Route[]): void;
  /** Resolves when the gateway has taken over the routes of the last `sync`. */
  inStep(): Promise<void>;
  /** Resolves when the instance has no request left, or after `ms`. */
  drained(target: Target, ms: number): Promise<void>;
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

const answerMs = 10_000;
const pollMs = 20;
const againMs = 500;
const stopWaitMs = 6_000;

export function keepGateway(options: GatewayProcessOptions): GatewayProcess {
  const { platform, clock, log, link } = options;
  const routes = routePusher(link, log);
  let stopping = false;
  const runner = makeRunner(options, (ended) => {
    if (stopping) return;
    log.error("the gateway ended; it is started again", { ...ended });
    routes.forget();
    void startAgain();
  });

  /** A gateway that cannot start is tried again for ever: without it nothing is served. */
  const startAgain = async (): Promise<void> => {
    while (!stopping) {
      try {
        await runner.start("homeostat");
        return await ready();
      } catch (error) {
        log.error("the gateway does not start", { reason: messageOf(error) });
        await clock.sleep(againMs);
      }
    }
  };

  const ready = async (): Promise<void> => {
    await answering(link, clock);
    routes.answers = true;
    await routes.push();
  };

  return {
    boot: async () => {
      const found = platform
        .scan(options.project)
        .find((other) => other.target === gatewayTarget && other.leader);
      if (found) runner.adopt(found, clock.now());
      else await runner.start("homeostat");
      await ready();
    },
    sync: routes.want,
    inStep: routes.inStep,
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
    stop: async () => {
      stopping = true;
      routes.answers = false;
      await runner.stop("homeostat", { signal: "SIGTERM", waitMs: stopWaitMs });
      link.close();
    },
  };
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

async function answering(link: GatewayLink, clock: Clock): Promise<void> {
  const untilMs = clock.now() + answerMs;
  for (;;) {
    try {
      await link.stats();
      return;
    } catch (error) {
      if (clock.now() > untilMs) throw error;
      await clock.sleep(pollMs);
    }
  }
}
