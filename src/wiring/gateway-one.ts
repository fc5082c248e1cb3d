// One process of the gateway and the line to it, from its start, or its being found, to its end.
import type { GatewayLink } from "../gateway/link.ts";
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { randomId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { ListenSocket } from "../model/listen-socket.ts";
import { gatewayTarget } from "../model/target.ts";
import type { Ended, Found, Platform } from "../platforms/platform.ts";
import type { Route } from "../protocol/gateway.ts";
import { asideOf } from "../protocol/gateway-held.ts";
import { createRunner, type Run, type Runner, within } from "../supervisor/runner.ts";
import { type RoutePusher, routePusher } from "./gateway-routes.ts";
import { gatewayStopMs } from "./stop-time.ts";

export interface OneOptions {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly project: string;
  /** Where the gateway that serves is reached. */
  readonly socketPath: string;
  readonly link: (socketPath: string) => GatewayLink;
  /** Where clients come in. */
  readonly sockets: readonly ListenSocket[];
  /** Makes the control socket of this process the one at `socketPath`. */
  readonly place: (pid: number) => void;
  /** What is true of the routes at this moment only. */
  readonly terms: (routes: readonly Route[]) => readonly Route[];
  /** The command line of the gateway's own process. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export interface OneGateway {
  readonly runner: Runner;
  readonly link: GatewayLink;
  readonly routes: RoutePusher;
  /** It runs already, in its place. */
  adopt(found: Found): void;
  /**
   * Starts it, unless it runs; resolves when it serves. Each of two waits may take `patienceMs`
   * ({@link answerMs}). @throws GATEWAY_ABSENT, and others
   */
  begin(patienceMs?: number): Promise<void>;
  /** From now on it is the one that daemons find. @throws GATEWAY_ABSENT */
  take(): void;
  /** It finishes what it has, and ends; resolves when it has. */
  leave(): Promise<void>;
  end(): Promise<void>;
  kill(): Promise<void>;
}

/** Longer than a gateway takes to start on a busy machine. */
export const answerMs = 10_000;
/** A gateway that was started is asked so often until it answers: each ms is one without it. */
const pollMs = 4;
/** Longer than it gives its clients then. */
const leaveMs = 32_000;

/** `beside`: another one listens until this one has taken its place. */
export function oneGateway(
  options: OneOptions,
  beside: boolean,
  onEnded: (ended: Ended) => void,
): OneGateway {
  const { platform, clock, log, socketPath } = options;
  const link = options.link(socketPath);
  const routes = routePusher(link, log, options.terms);
  let inPlace: number | undefined;
  const flags = (): string[] => (beside && inPlace === undefined ? ["--beside"] : []);
  const runner = makeRunner(options, flags, onEnded);
  let leaves = false;
  return {
    runner,
    link,
    routes,
    adopt: (found) => {
      inPlace = found.identity.pid;
      runner.adopt(found, clock.now(), { stopping: false, ready: true });
    },
    begin: async (patienceMs = answerMs) => {
      const run = await runner.start("homeostat");
      const { pid } = run.identity;
      if (inPlace !== pid) link.moved(asideOf(socketPath, pid));
      await answering(run, link, clock, patienceMs);
      routes.answers = true;
      await taking(run, routes, clock, patienceMs);
    },
    take: () => {
      const pid = runner.current?.identity.pid;
      if (pid === undefined) throw new HomeostatError("GATEWAY_ABSENT", "it ended");
      if (inPlace === pid) return;
      options.place(pid);
      link.moved(socketPath);
      inPlace = pid;
    },
    leave: async () => {
      leaves = true;
      link.leave();
      await runner.stop("homeostat", { signal: "SIGUSR2", waitMs: leaveMs });
      link.close();
    },
    end: async () => {
      link.leave();
      const run = runner.current;
      // An end is under way already, and is hurried.
      if (leaves && run) {
        platform.signalGroup(run.identity, "SIGTERM");
        if (await within(clock, gatewayStopMs, run.over)) return;
        platform.signalGroup(run.identity, "SIGKILL");
        return run.over;
      }
      await runner.stop("homeostat", { signal: "SIGTERM", waitMs: gatewayStopMs });
      link.close();
    },
    kill: () => runner.stop("homeostat", { signal: "SIGKILL", waitMs: 0 }),
  };
}

function makeRunner(
  options: OneOptions,
  flags: () => readonly string[],
  onEnded: (ended: Ended) => void,
): Runner {
  const { platform, clock, log, project, cwd, env, logFile, sockets, socketPath } = options;
  return createRunner({
    target: gatewayTarget,
    platform,
    clock,
    log,
    spec: async () => {
      const run = randomId(options.random);
      const command = [...options.command, "--socket", socketPath, "--aside", ...flags()];
      const held = sockets.length === 0 ? {} : { sockets };
      const how = { target: gatewayTarget, overlaps: true, ...held };
      return { ...how, project, run, command, cwd, env, logFile };
    },
    onStarted: () => {},
    onStopping: () => {},
    onEnded: (_run, ended) => onEnded(ended),
  });
}

/** @throws GATEWAY_ABSENT when it ends, and the last error when it says nothing for too long. */
function answering(run: Run, link: GatewayLink, clock: Clock, patienceMs: number): Promise<void> {
  return during(run, clock, patienceMs, () => link.stats().then(() => undefined, messageOf));
}

function taking(run: Run, routes: RoutePusher, clock: Clock, patienceMs: number): Promise<void> {
  const text = "it does not take the routes";
  return during(run, clock, patienceMs, async () => ((await routes.inStep()) ? undefined : text));
}

/** Until nothing is in the way. */
async function during(
  run: Run,
  clock: Clock,
  patienceMs: number,
  problem: () => Promise<string | undefined>,
): Promise<void> {
  const untilMs = clock.now() + patienceMs;
  let over = false;
  void run.over.then(() => {
    over = true;
  });
  for (;;) {
    const text = await problem();
    if (text === undefined) return;
    if (over) throw new HomeostatError("GATEWAY_ABSENT", "it ended before it answered");
    if (clock.now() > untilMs) throw new HomeostatError("GATEWAY_ABSENT", text);
    await clock.sleep(pollMs);
  }
}
