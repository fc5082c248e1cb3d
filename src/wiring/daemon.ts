// Puts the daemon together: store, loop, supervisor, gateway, eyes, hands and face.
import type { Server } from "node:http";
import { join } from "node:path";
import type { Action } from "../actions/action.ts";
import { createLoop, type Loop } from "../controller/loop.ts";
import { createStep, type Step } from "../controller/step.ts";
import { gatewayLink } from "../gateway/link.ts";
import { type Clock, every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { ActionKind } from "../model/action.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import { lastLines } from "../platforms/capture-lines.ts";
import { linuxPlatform } from "../platforms/linux.ts";
import { createApi, listen } from "../server/api.ts";
import { createHistory } from "../server/history.ts";
import { gatewaySource } from "../sources/gateway.ts";
import { processSource } from "../sources/process.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import { createSupervisor } from "../supervisor/supervisor.ts";
import { actionsOf, traits } from "./actions.ts";
import { createBackend } from "./backend.ts";
import { captureEvidence } from "./capture.ts";
import { watchConfigFiles } from "./config-files.ts";
import { keepGateway } from "./gateway-process.ts";
import { detectorRules } from "./kinds.ts";
import { begin, ending } from "./lifecycle.ts";
import { createOperator } from "./operator.ts";
import { performer } from "./perform.ts";
import type { Resolved } from "./resolve.ts";
import { routesOf } from "./routes.ts";
import { specsOf } from "./specs.ts";

export interface DaemonOptions {
  readonly resolved: Resolved;
  /** Folder of journal, logs and sockets. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** The command line that runs the gateway, without its arguments. */
  readonly gatewayCommand: readonly string[];
  readonly dashboard: string;
  /** Something that must not happen has happened: the process should end and be started anew. */
  readonly onBroken: (error: unknown) => void;
}

export interface Daemon {
  readonly url: string;
  /** Resolves when the daemon was told to stop and everything it ran has ended. */
  readonly over: Promise<void>;
  stop(by: string): void;
}

const tickMs = 250;
const figuresMs = 1_000;
const configPollMs = 500;
const sweepMs = 5_000;
const drainMs = 5_000;

/** The pure step with the kinds that this daemon has: the same for a live loop and a replay. */
export function daemonStep(): Step {
  return createStep({ rulesFor: detectorRules(), traits });
}

/**
 * @throws DAEMON_RUNNING, JOURNAL_CORRUPT, JOURNAL_NEWER, or CONFIG_INVALID for a taken port; then
 * nothing was started.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { resolved, stateFolder, log, random } = options;
  const { project } = resolved.policy;
  const store = sqliteStore({ folder: stateFolder, project });
  const platform = linuxPlatform();
  const stopped = new AbortController();
  const history = createHistory();
  const logFile = (target: Target): string =>
    join(stateFolder, "logs", `${target.replace("/", "-").replace("@", "")}.log`);
  const late: { perform?: ReturnType<typeof performer> } = {};

  const loop = createLoop({
    store,
    step: daemonStep(),
    clock: options.clock,
    tickMs,
    onCommand: (command) => late.perform?.(command),
    onBroken: options.onBroken,
  });
  const { clock } = loop;
  const link = gatewayLink({ socketPath: join(stateFolder, "gateway.sock"), clock, log });
  const gateway = keepGateway({
    platform,
    clock,
    random,
    log,
    project: stateFolder,
    link,
    command: [...options.gatewayCommand, "--socket", join(stateFolder, "gateway.sock")],
    cwd: resolved.folder,
    env: plainEnv(options.env),
    logFile: logFile(gatewayTarget),
  });
  const files = watchConfigFiles({
    folder: resolved.folder,
    policy: resolved.policy,
    store,
    log,
    emit: loop.emit,
    known: (file) => loop.mind.state.files[file]?.version,
    now: () => Math.round(clock.now()),
  });
  const observe: Loop["observe"] = (readings) => {
    loop.observe(readings);
    history.note(readings);
  };
  const supervisor = createSupervisor({
    platform,
    clock,
    random,
    log,
    project: stateFolder,
    services: specsOf(resolved, plainEnv(options.env)),
    logFile,
    lastLines: (file) => lastLines(file, 20),
    emit: loop.emit,
    observe,
    drain: (target) => gateway.drained(target, drainMs),
    beforeExit: (service) => files.check(service),
  });
  const actions = actionsOf({ supervisor, gateway, files, loop, log, resolved });
  late.perform = performer({
    clock,
    log,
    actions,
    emit: loop.emit,
    capture: (wanted, signal) => {
      const running = supervisor.running().find((other) => other.target === wanted.target);
      const file = logFile(wanted.target);
      return captureEvidence({ wanted, pid: running?.identity.pid, logFile: file, clock, signal });
    },
  });
  loop.subscribe((_, mind) => gateway.sync(routesOf(mind.state, resolved)));

  const { over, finish } = ending({ options, store, loop, supervisor, gateway, stopped });
  const backend = createBackend({
    loop,
    store,
    history,
    operator: createOperator(loop, supervisor),
    resolved,
    version: options.version,
    logFile,
    lastLines,
    down: finish,
  });
  const { dashboard } = resolved;
  const api = { ...dashboard, dashboard: options.dashboard, backend: backend.api };
  const server = await listen(createApi(api), api).catch((error: unknown) => {
    store.close();
    throw error;
  });
  void over.then(() => closeServer(server));

  await begin({ options, loop, supervisor, gateway, files, platform, stopped: stopped.signal });
  const eyes = { signal: stopped.signal, clock, log, emit: observe };
  const sources = [
    processSource({
      instances: supervisor.running,
      figures: platform.figures,
      intervalMs: figuresMs,
    }),
    gatewaySource({ stats: () => link.stats(), intervalMs: figuresMs }),
  ];
  for (const source of sources) {
    source.start(eyes).catch((error: unknown) => {
      log.error("a source ended", { source: source.name, reason: messageOf(error) });
    });
  }
  void loop.run(stopped.signal);
  void every(clock, configPollMs, stopped.signal, () => files.check());
  void every(clock, sweepMs, stopped.signal, () => void supervisor.sweep());
  void every(clock, 1_000, stopped.signal, () => {
    history.beat(loop.mind, clock.now());
    backend.beat();
  });
  return { url: `http://${dashboard.host}:${dashboard.port}`, over, stop: finish };
}

function closeServer(server: Server): void {
  server.close();
  server.closeAllConnections();
}

function plainEnv(env: DaemonOptions["env"]): Readonly<Record<string, string>> {
  const entries = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return Object.fromEntries(entries);
}

/** Used by `actionsOf`; here so that the table is checked to be whole. */
export type Actions = Readonly<Record<ActionKind, Action>>;
