// Keeps the gateway process running and in step with the loop; it outlives the daemon.
import type { GatewayLink } from "../gateway/link.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { randomId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import type { Platform } from "../platforms/platform.ts";
import type { Route } from "../protocol/gateway.ts";
import { createRunner } from "../supervisor/runner.ts";

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

export function keepGateway(options: GatewayProcessOptions): GatewayProcess {
  const { platform, clock, log, link } = options;
  let wanted: readonly Route[] = [];
  let pushed = "";
  let pushing: Promise<void> = Promise.resolve();
  let answers = false;
  let stopping = false;

  const runner = createRunner({
    target: gatewayTarget,
    platform,
    clock,
    log,
    spec: async () => ({
      target: gatewayTarget,
      project: options.project,
      run: randomId(options.random),
      command: options.command,
      cwd: options.cwd,
      env: options.env,
      logFile: options.logFile,
    }),
    onStarted: () => {},
    onStopping: () => {},
    onEnded: (_run, ended) => {
      if (stopping) return;
      log.error("the gateway ended; it is started again", { ...ended });
      answers = false;
      pushed = "";
      void startAgain();
    },
  });

  /** A gateway that cannot start is tried again for ever: without it nothing is served. */
  const startAgain = async (): Promise<void> => {
    while (!stopping) {
      try {
        await runner.start("homeostat");
        await answering();
        return push();
      } catch (error) {
        log.error("the gateway does not start", { reason: messageOf(error) });
        await clock.sleep(againMs);
      }
    }
  };

  const answering = async (): Promise<void> => {
    const untilMs = clock.now() + answerMs;
    for (;;) {
      try {
        await link.stats();
        answers = true;
        return;
      } catch (error) {
        if (clock.now() > untilMs) throw error;
        await clock.sleep(pollMs);
      }
    }
  };

  const push = (): Promise<void> => {
    pushing = pushing.then(async () => {
      const text = JSON.stringify(wanted);
      if (text === pushed || stopping) return;
      const routes = wanted;
      try {
        const { problems } = await link.push(routes);
        for (const problem of problems)
          log.error("the gateway cannot open a route", { ...problem });
        pushed = problems.length === 0 ? text : "";
      } catch (error) {
        log.warn("the gateway did not take the routes", { reason: messageOf(error) });
      }
    });
    return pushing;
  };

  return {
    boot: async () => {
      const found = platform
        .scan(options.project)
        .find((other) => other.target === gatewayTarget && other.leader);
      if (found) runner.adopt(found, clock.now());
      else await runner.start("homeostat");
      await answering();
      await push();
    },
    sync: (routes) => {
      wanted = routes;
      if (answers && JSON.stringify(routes) !== pushed) void push();
    },
    inStep: async () => {
      await push();
      if (JSON.stringify(wanted) !== pushed) await push();
    },
    drained: async (target, ms) => {
      const untilMs = clock.now() + ms;
      await push();
      while (clock.now() < untilMs) {
        const left = await link.inflight(target).catch(() => 0);
        if (left === 0) return;
        await clock.sleep(pollMs);
      }
    },
    stop: async () => {
      stopping = true;
      await runner.stop("homeostat", { signal: "SIGTERM", waitMs: 6_000 });
      link.close();
    },
  };
}
