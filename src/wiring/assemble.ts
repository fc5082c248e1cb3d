// Makes the parts of the daemon and joins them; nothing runs yet when this returns.
import { join } from "node:path";
import { createLoop, type Loop } from "../controller/loop.ts";
import { createStep, type Step } from "../controller/step.ts";
import { type GatewayLink, gatewayLink } from "../gateway/link.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import { linuxPlatform } from "../platforms/linux.ts";
import type { Platform } from "../platforms/platform.ts";
import { createHistory, type History } from "../server/history.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import type { Store } from "../stores/store.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { createSupervisor } from "../supervisor/supervisor.ts";
import { actionsOf, traits } from "./actions.ts";
import { type Apps, createApps } from "./apps.ts";
import { captureEvidence, lastLines } from "./capture.ts";
import { type ConfigFiles, watchConfigFiles } from "./config-files.ts";
import { type GatewayProcess, keepGateway } from "./gateway-process.ts";
import { detectorRules } from "./kinds.ts";
import type { DaemonOptions } from "./options.ts";
import { performer } from "./perform.ts";
import { routesOf } from "./routes.ts";
import { specsOf } from "./specs.ts";

export interface Parts {
  readonly store: Store;
  readonly platform: Platform;
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
const lastLinesKept = 20;

/** The pure step with the kinds that this daemon has: the same for a live loop and a replay. */
export function daemonStep(): Step {
  return createStep({ rulesFor: detectorRules(), traits });
}

/** @throws DAEMON_RUNNING, JOURNAL_CORRUPT, JOURNAL_NEWER, JOURNAL_UNUSABLE */
export function assemble(options: DaemonOptions, stopped: AbortSignal): Parts {
  const { resolved, stateFolder, log } = options;
  const store = sqliteStore({ folder: stateFolder, project: resolved.policy.project });
  const platform = linuxPlatform();
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
  const observe: Loop["observe"] = (readings) => {
    loop.observe(readings);
    history.note(readings);
  };
  const logFile = logFiles(stateFolder);
  const { link, gateway } = makeGateway(options, platform, loop, logFile(gatewayTarget));
  const files = makeFiles(options, store, loop);
  const apps = createApps(options, loop, () => supervisor.running());
  const supervisor: Supervisor = createSupervisor({
    platform,
    clock,
    random: options.random,
    log,
    project: stateFolder,
    services: specsOf(resolved, { ...plain(options.env), ...apps.env }),
    logFile,
    lastLines: (file) => lastLines(file, lastLinesKept),
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
    capture: (wanted, signal) => {
      const running = supervisor.running().find((other) => other.target === wanted.target);
      const pid = running?.identity.pid;
      const file = logFile(wanted.target);
      return captureEvidence({ wanted, pid, logFile: file, clock, signal, background: stopped });
    },
  });
  loop.subscribe((_, mind) => gateway.sync(routesOf(mind.state, resolved)));
  const world = { store, platform, history, loop, link, gateway, files };
  return { ...world, supervisor, apps, observe, logFile };
}

function logFiles(stateFolder: string): (target: Target) => string {
  return (target) => {
    const name = target === gatewayTarget ? "gateway" : target.replace("/", "-");
    return join(stateFolder, "logs", `${name}.log`);
  };
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
