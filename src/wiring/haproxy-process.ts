// Keeps a HAProxy running and in step with the loop: it outlives the daemon, and the next one takes it over.
import type { Haproxy } from "../gateway/haproxy/haproxy.ts";
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { randomId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { shared } from "../kernel/shared.ts";
import { gatewayTarget } from "../model/target.ts";
import type { Ended, Platform } from "../platforms/platform.ts";
import { createRunner, type Run, type Runner, within } from "../supervisor/runner.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { type RoutePusher, routePusher } from "./gateway-routes.ts";
import { lookAfter } from "./gateway-watch.ts";
import { drainMs, gatewayStopMs } from "./stop-time.ts";

export interface HaproxyProcessOptions {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The state folder: HAProxy runs there. */
  readonly project: string;
  readonly haproxy: Haproxy;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

interface Keeping extends HaproxyProcessOptions {
  readonly runner: Runner;
  readonly routes: RoutePusher;
  readonly signal: AbortSignal;
}

const answerMs = 10_000;
const pollMs = 20;
const againMs = 500;

export function keepHaproxy(options: HaproxyProcessOptions): GatewayProcess {
  const { clock, log, haproxy, platform } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  const routes = routePusher(haproxy, log);
  const runner = makeRunner(options, (ended) => {
    routes.forget();
    if (signal.aborted) return;
    log.error("HAProxy ended; it is started again", { ...ended });
    void keep();
  });
  const keeping: Keeping = { ...options, runner, routes, signal };
  const keep = shared(() => attempts(keeping));
  return {
    boot: async () => {
      await takeOver(keeping);
      void lookAfter(() => ({ runner, routes, link: haproxy }), signal, { clock, log, platform });
      if (await within(clock, answerMs, keep())) return;
      log.error("HAProxy does not answer yet; the services start all the same");
    },
    sync: routes.want,
    inStep: async () => {
      const untilMs = clock.now() + answerMs;
      while (!(await routes.inStep())) {
        if (clock.now() > untilMs || signal.aborted) {
          throw new HomeostatError("GATEWAY_ABSENT", "HAProxy did not take the routes");
        }
        await clock.sleep(pollMs);
      }
    },
    drained: async (target, ms) => {
      const untilMs = clock.now() + ms;
      await routes.push();
      await idle(keeping, untilMs, () => haproxy.inflight(target));
    },
    stats: haproxy.stats,
    renew: haproxy.renew,
    stop: async () => {
      stopped.abort();
      const all = async (): Promise<number> =>
        (await haproxy.stats()).instances.reduce((sum, { inflight }) => sum + inflight, 0);
      const drain = (): Promise<void> => idle(keeping, clock.now() + drainMs, all, 1);
      routes.forget();
      await runner.stop("homeostat", { signal: "SIGTERM", waitMs: gatewayStopMs - drainMs, drain });
    },
  };
}

/** One that does not say is asked again, as often as `patience` tells: silence is no proof. */
async function idle(
  { clock }: Keeping,
  untilMs: number,
  count: () => Promise<number>,
  patience = Number.POSITIVE_INFINITY,
): Promise<void> {
  let silent = 0;
  while (clock.now() < untilMs) {
    const left = await count().catch(() => undefined);
    if (left === undefined) silent++;
    if (left === 0 || silent >= patience) return;
    await clock.sleep(pollMs);
  }
}

/** For ever: without a gateway nothing is served. */
async function attempts(keeping: Keeping): Promise<void> {
  const { runner, routes, signal, haproxy, clock, log } = keeping;
  while (!signal.aborted && !routes.answers) {
    try {
      await answering(await runner.start("homeostat"), haproxy, clock);
      routes.answers = true;
      await routes.push();
    } catch (error) {
      if (signal.aborted) return;
      log.error("HAProxy does not start", { reason: messageOf(error) });
      await runner.stop("homeostat", { signal: "SIGKILL", waitMs: 0 });
      await clock.sleep(againMs, signal).catch(() => {});
    }
  }
}

/** A gateway of the other kind, from before the config changed, finishes what it has. */
async function takeOver({
  platform,
  project,
  haproxy,
  runner,
  clock,
  log,
}: Keeping): Promise<void> {
  // What was held for one of the other kind would keep the ports.
  platform.keepSockets?.([], gatewayTarget);
  const pid = await haproxy.pid().catch(() => undefined);
  for (const found of platform.scan(project)) {
    if (found.target !== gatewayTarget || !found.leader) continue;
    if (found.identity.pid === pid) {
      runner.adopt(found, clock.now(), { stopping: false, ready: true });
      continue;
    }
    log.warn("ending another gateway", { pid: found.identity.pid });
    platform.signalGroup(found.identity, "SIGTERM");
  }
}

function makeRunner(options: HaproxyProcessOptions, onEnded: (ended: Ended) => void): Runner {
  const { platform, clock, log, project, env, logFile, haproxy } = options;
  return createRunner({
    target: gatewayTarget,
    platform,
    clock,
    log,
    spec: async () => {
      await haproxy.prepare();
      const run = randomId(options.random);
      const { command } = haproxy;
      return { target: gatewayTarget, project, run, command, cwd: project, env, logFile };
    },
    onStarted: () => {},
    onStopping: () => {},
    onEnded: (_run, ended) => onEnded(ended),
  });
}

/** @throws GATEWAY_ABSENT when it ends, and the last error when it says nothing for too long. */
async function answering(run: Run, haproxy: Haproxy, clock: Clock): Promise<void> {
  const untilMs = clock.now() + answerMs;
  let over = false;
  void run.over.then(() => {
    over = true;
  });
  for (;;) {
    try {
      await haproxy.stats();
      return;
    } catch (error) {
      if (over)
        throw new HomeostatError("GATEWAY_ABSENT", "it ended before it answered; its log says why");
      if (clock.now() > untilMs) throw error;
      await clock.sleep(pollMs);
    }
  }
}
