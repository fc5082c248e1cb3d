// Makes the parts of the daemon and joins them; nothing runs yet when this returns.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createLoop, type Loop } from "../controller/loop.ts";
import { createStep, type Step } from "../controller/step.ts";
import {
  gatewayTarget,
  isOurs,
  notifyTarget,
  spawnerTarget,
  type Target,
} from "../model/target.ts";
import { linuxPlatform } from "../platforms/linux.ts";
import { diskOf } from "../platforms/log/disk.ts";
import type { Platform } from "../platforms/platform.ts";
import { readPowers } from "../platforms/powers.ts";
import { keepSpawner, type Spawner } from "../platforms/spawner/spawner.ts";
import { createHistory, type History } from "../server/history.ts";
import type { Room } from "../sources/disk.ts";
import { reserveFile } from "../stores/reserve.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import type { Store } from "../stores/store.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { actionsOf, traits } from "./actions.ts";
import { type Apps, createApps } from "./apps.ts";
import { keepAsked } from "./capture.ts";
import { type Channels, createChannels } from "./channels.ts";
import { type ConfigFiles, watchConfigFiles } from "./config-files.ts";
import { createOutside, type Outside } from "./externals.ts";
import { makeGateway } from "./gateway-make.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { gridMs, onGrid } from "./grid.ts";
import { detectorRules } from "./kinds.ts";
import { makeSupervisor } from "./make-supervisor.ts";
import { type Observing, observing } from "./observing.ts";
import { type DaemonOptions, setOf } from "./options.ts";
import { performer } from "./perform.ts";
import { uidsOf } from "./process.ts";
import { programMark } from "./program.ts";
import { routesOf } from "./routes.ts";
import { createNotifyDesk, type NotifyDesk } from "./sd-notify.ts";
import { recordSeries, type SeriesKeeper } from "./series.ts";
import { createSuspects } from "./suspects.ts";
import { watchSeries } from "./watch-series.ts";

export interface Parts {
  readonly store: Store;
  readonly platform: Platform;
  readonly spawner: Spawner;
  readonly history: History;
  readonly loop: Loop;
  readonly gateway: GatewayProcess;
  readonly files: ConfigFiles;
  readonly supervisor: Supervisor;
  readonly apps: Apps;
  readonly channels: Channels;
  readonly notify: NotifyDesk;
  readonly outside: Outside;
  readonly series: SeriesKeeper;
  readonly observe: Loop["observe"];
  readonly note: Observing["note"];
  readonly logFile: (target: Target) => string;
  /** What there is for journal and logs. */
  readonly room: () => Room;
  /** Decides on a death that has not been; how many decisions that were. */
}

type PerformCommand = ReturnType<typeof performer>;

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
  const step = daemonStep();
  const loop = makeLoop(options, store, step, (command) => perform(command));
  const { clock } = loop;
  const suspects = createSuspects({
    ...{ resolved, clock, logFile, background: stopped },
    asked: keepAsked({ file: join(stateFolder, "asked"), clock, log }),
    running: () => supervisor.running(),
  });
  const series = recordSeries(options, clock, stopped);
  const watching = watchSeries({ clock, log, stateFolder, policy: resolved.policy });
  watching?.run(loop, stopped);
  const { observe, note } = observing(loop, history, suspects, series, watching);
  const gateway = makeGateway({
    ...{ options, platform, clock, env: setOf(options.env), logFile: logFile(gatewayTarget) },
    routes: routesOf(loop.mind.state, resolved),
  });
  const files = makeFiles(options, store, loop);
  const apps = createApps(options, loop, () => supervisor.running());
  const outside = createOutside(options, loop, observe);
  const notify = createNotifyDesk(options, clock, logFile(notifyTarget));
  const supervisor: Supervisor = makeSupervisor(options, {
    ...{ platform, loop, history, gateway, files, apps, outside, notify, observe, logFile },
  });
  const channels = createChannels(options, loop, store);
  perform = performer({
    clock,
    log,
    actions: actionsOf({ supervisor, gateway, files, loop, resolved, ...channels }),
    emit: loop.emit,
    said: apps.evidence,
    run: ({ service, by, replaces }) => supervisor.run(service, by, replaces),
    capture: suspects.capture,
  });
  loop.subscribe((_, mind) => gateway.sync(routesOf(mind.state, resolved)));
  const world = { store, platform, spawner, history, loop, gateway, files };
  const room = roomOf(stateFolder);
  const ears = { observe, note, notify, series };
  return { ...world, ...ears, supervisor, apps, channels, outside, logFile, room };
}

function makeLoop(
  { clock, log, onBroken }: DaemonOptions,
  store: Store,
  step: Step,
  onCommand: PerformCommand,
): Loop {
  return createLoop({
    ...{ store, step, clock, program: programMark(), onCommand, onBroken },
    ...{ tickMs: gridMs, rest: onGrid(clock, clock).sleep },
    onFull: (why) => {
      if (why === undefined) log.info("there is room for the journal again: healing goes on");
      else log.error("the disk is full: nothing is decided until there is room", { why });
    },
  });
}

function roomOf(stateFolder: string): () => Room {
  const reserve = join(stateFolder, reserveFile);
  return () => ({ ...diskOf(stateFolder), hasReserve: existsSync(reserve) });
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
    env: setOf(env),
    logFile,
  });
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
