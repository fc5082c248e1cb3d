// Makes the parts of the daemon and joins them; nothing runs yet when this returns.
import { join } from "node:path";
import { createLoop, type Loop } from "../controller/loop.ts";
import { createStep, type Step } from "../controller/step.ts";
import { type GatewayLink, gatewayLink } from "../gateway/link.ts";
import { gatewayTarget, isOurs, spawnerTarget, type Target } from "../model/target.ts";
import { linuxPlatform } from "../platforms/linux.ts";
import type { Platform } from "../platforms/platform.ts";
import { readPowers } from "../platforms/powers.ts";
import { keepSpawner, type Spawner } from "../platforms/spawner/spawner.ts";
import { createHistory, type History } from "../server/history.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import type { Store } from "../stores/store.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { createSupervisor } from "../supervisor/supervisor.ts";
import { actionsOf, traits } from "./actions.ts";
import { lookBack } from "./aftermath.ts";
import { type Apps, createApps } from "./apps.ts";
import { captureEvidence, endOfLog, lastLines, turnMsOf } from "./capture.ts";
import { type ConfigFiles, watchConfigFiles } from "./config-files.ts";
import { type GatewayProcess, keepGateway } from "./gateway-process.ts";
import { detectorRules } from "./kinds.ts";
import { readPiece } from "./log-piece.ts";
import type { DaemonOptions } from "./options.ts";
import { performer } from "./perform.ts";
import { uidsOf } from "./process.ts";
import { routesOf } from "./routes.ts";
import { specsOf } from "./specs.ts";

export interface Parts {
  readonly store: Store;
  readonly platform: Platform;
  readonly spawner: Spawner;
  readonly history: History;
  readonly loop: Loop;
  readonly link: GatewayLink;
  readonly gateway: GatewayProcess;
  readonly files: ConfigFiles;
  readonly supervisor: Supervisor;
  readonly apps: Apps;
  readonly observe: Loop["observe"];
  readonly logFile: (target: Target) => string;
}

const tickMs = 250;
const drainMs = 5_000;
/** The report of a runtime that gives up is longer than what the journal keeps of it. */
const lastLinesRead = 60;

/** The pure step with the kinds that this daemon has: the same for a live loop and a replay. */
export function daemonStep(): Step {
  return createStep({ rulesFor: detectorRules(), traits });
}

/** @throws DAEMON_RUNNING, JOURNAL_CORRUPT, JOURNAL_NEWER, JOURNAL_UNUSABLE */
export function assemble(options: DaemonOptions, stopped: AbortSignal): Parts {
  const { resolved, stateFolder, log } = options;
  const store = sqliteStore({ folder: stateFolder, project: resolved.policy.project });
  const logFile = logFiles(stateFolder);
  const spawner = makeSpawner(options, logFile(spawnerTarget));
  const uidOf = uidsOf(resolved.services, () => readPowers(options.env.PATH ?? ""));
  const platform = linuxPlatform({ spawner, ...(uidOf ? { uidOf } : {}) });
  const history = createHistory();
  // The loop commands hands that are made after it, because they tell it what they did.
  let perform: ReturnType<typeof performer> = () => {};
  const loop = createLoop({
    store,
    step: daemonStep(),
    clock: options.clock,
    tickMs,
    onCommand: (command) => perform(command),
    onBroken: options.onBroken,
  });
  const { clock } = loop;
  const observe: Loop["observe"] = (readings, soon) => {
    loop.observe(readings, soon);
    history.note(readings);
  };
  const { link, gateway } = makeGateway(options, platform, loop, logFile(gatewayTarget));
  const files = makeFiles(options, store, loop);
  const apps = createApps(options, loop, () => supervisor.running());
  const supervisor: Supervisor = createSupervisor({
    platform,
    clock,
    random: options.random,
    log,
    project: stateFolder,
    services: specsOf(resolved, { ...plain(options.env), ...apps.env }, apps.hearing),
    logFile,
    lastLines: (file, fromByte) => lastLines(file, lastLinesRead, fromByte),
    endOfFile: endOfLog,
    readLog: readPiece,
    lookBack: lookBack({ resolved, history, project: stateFolder, wall: options.clock.wall }),
    emit: loop.emit,
    observe,
    drain: async (target) => {
      await Promise.all([apps.drain(target), gateway.drained(target, drainMs)]);
    },
    beforeExit: (service) => files.check(service),
  });
  perform = performer({
    clock,
    log,
    actions: actionsOf({ supervisor, gateway, files, loop, log, resolved }),
    emit: loop.emit,
    said: apps.evidence,
    run: ({ service, by, replaces }) => supervisor.run(service, by, replaces),
    capture: (wanted, signal) => {
      const running = supervisor.running().find((other) => other.target === wanted.target);
      const pid = running?.identity.pid;
      const file = logFile(wanted.target);
      const turnMs = turnMsOf(resolved, wanted.target);
      const how = { clock, signal, background: stopped, turnMs };
      return captureEvidence({ wanted, pid, logFile: file, ...how });
    },
  });
  loop.subscribe((_, mind) => gateway.sync(routesOf(mind.state, resolved)));
  const world = { store, platform, spawner, history, loop, link, gateway, files };
  return { ...world, supervisor, apps, observe, logFile };
}

function logFiles(stateFolder: string): (target: Target) => string {
  return (target) => {
    const name = isOurs(target) ? target.slice(1) : target.replace("/", "-");
    return join(stateFolder, "logs", `${name}.log`);
  };
}

function makeSpawner(
  { clock, random, log, stateFolder, spawnerCommand, resolved, env }: DaemonOptions,
  logFile: string,
): Spawner {
  return keepSpawner({
    clock,
    random,
    log,
    project: stateFolder,
    socketPath: join(stateFolder, "spawner.sock"),
    command: spawnerCommand,
    cwd: resolved.folder,
    env: plain(env),
    logFile,
  });
}

function makeGateway(
  options: DaemonOptions,
  platform: Platform,
  { clock }: Loop,
  logFile: string,
): Pick<Parts, "link" | "gateway"> {
  const { log, random, stateFolder } = options;
  const socketPath = join(stateFolder, "gateway.sock");
  const link = gatewayLink({ socketPath, clock, log });
  const gateway = keepGateway({
    platform,
    clock,
    random,
    log,
    project: stateFolder,
    link,
    command: [...options.gatewayCommand, "--socket", socketPath],
    cwd: options.resolved.folder,
    env: plain(options.env),
    logFile,
  });
  return { link, gateway };
}

function makeFiles({ resolved, log }: DaemonOptions, store: Store, loop: Loop): ConfigFiles {
  return watchConfigFiles({
    folder: resolved.folder,
    policy: resolved.policy,
    store,
    log,
    emit: loop.emit,
    known: (file) => loop.mind.state.files[file]?.version,
    now: () => Math.round(loop.clock.now()),
  });
}

function plain(env: DaemonOptions["env"]): Readonly<Record<string, string>> {
  const pairs = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return Object.fromEntries(pairs);
}
