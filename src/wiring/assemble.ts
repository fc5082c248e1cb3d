// Makes the parts of the daemon and joins them; nothing runs yet when this returns.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createLoop, type Loop } from "../controller/loop.ts";
import { createStep, type Step } from "../controller/step.ts";
import { metrics, type Reading } from "../model/reading.ts";
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
import { createSupervisor } from "../supervisor/supervisor.ts";
import { actionsOf, traits } from "./actions.ts";
import { lookBack } from "./aftermath.ts";
import { type Apps, createApps } from "./apps.ts";
import { endOfLog, lastLines } from "./capture.ts";
import { type Channels, createChannels } from "./channels.ts";
import { type ConfigFiles, watchConfigFiles } from "./config-files.ts";
import { createOutside, type Outside } from "./externals.ts";
import { makeGateway } from "./gateway-make.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { gridMs, onGrid } from "./grid.ts";
import { detectorRules } from "./kinds.ts";
import { readPiece } from "./log-piece.ts";
import type { DaemonOptions } from "./options.ts";
import { performer } from "./perform.ts";
import { uidsOf } from "./process.ts";
import { programMark } from "./program.ts";
import { routesOf } from "./routes.ts";
import { scaledPolicy } from "./scale.ts";
import { createNotifyDesk, type NotifyDesk } from "./sd-notify.ts";
import { keepSeries, type SeriesKeeper } from "./series.ts";
import { specsOf } from "./specs.ts";
import { drainMs } from "./stop-time.ts";
import { createSuspects, type Suspects } from "./suspects.ts";
import { type SeriesWatching, watchSeries } from "./watch-series.ts";

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
  /** For readings that no rule looks at as they are: the journal is spared them. */
  readonly note: (readings: readonly Reading[]) => void;
  readonly logFile: (target: Target) => string;
  /** What there is for journal and logs. */
  readonly room: () => Room;
  /** Decides on a death that has not been; how many decisions that were. */
}

type PerformCommand = ReturnType<typeof performer>;

/** No rule looks at these: they are for people, and the journal does not keep them. */
const shownOnly: ReadonlySet<string> = new Set(
  [metrics.switches, metrics.diskRead, metrics.diskWritten].map(({ name }) => name),
);
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
  const step = daemonStep();
  const loop = makeLoop(options, store, step, (command) => perform(command));
  const { clock } = loop;
  const suspects = createSuspects({
    ...{ resolved, clock, logFile, background: stopped },
    running: () => supervisor.running(),
  });
  const { policy, series: past } = resolved;
  const series = keepSeries({
    ...{ series: past, project: policy.project, stateFolder, clock, log, stopped },
  });
  const watching = watchSeries({ clock, log, stateFolder, policy });
  void watching?.run(loop, stopped);
  const { observe, note } = observing(loop, history, suspects, series, watching);
  const gateway = makeGateway({
    ...{ options, platform, clock, env: plain(options.env), logFile: logFile(gatewayTarget) },
    routes: routesOf(loop.mind.state, resolved),
  });
  const files = makeFiles(options, store, loop);
  const apps = createApps(options, loop, () => supervisor.running());
  const outside = createOutside(options, loop, observe);
  const notify = createNotifyDesk(options, clock, logFile(notifyTarget));
  const supervisor: Supervisor = createSupervisor({
    platform,
    clock,
    random: options.random,
    log,
    project: stateFolder,
    services: specsOf(
      { ...resolved, policy: scaledPolicy(resolved.policy, loop.mind.state) },
      { ...plain(options.env), ...apps.env },
      { ...apps.hearing, notify: notify.ear },
    ),
    notify: notify.hands,
    logFile,
    lastLines: (file, fromByte) => lastLines(file, lastLinesRead, fromByte),
    endOfFile: endOfLog,
    readLog: readPiece,
    lookBack: lookBack({ resolved, history, project: stateFolder, wall: options.clock.wall }),
    ...{ emit: loop.emit, together: loop.together, observe },
    drain: async (target) => {
      await Promise.all([apps.drain(target), gateway.drained(target, drainMs)]);
    },
    externalReady: outside.isReady,
    beforeExit: (service) => files.check(service),
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
  return {
    ...world,
    supervisor,
    apps,
    channels,
    notify,
    outside,
    series,
    observe,
    note,
    logFile,
    room,
  };
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

function observing(
  loop: Loop,
  history: History,
  suspects: Suspects,
  series: SeriesKeeper,
  watching: SeriesWatching | undefined,
): Pick<Parts, "observe" | "note"> {
  const note: Parts["note"] = (readings) => {
    history.note(readings);
    series.note(readings);
    const found = watching?.take(readings) ?? [];
    if (found.length > 0) loop.observe(found);
  };
  return {
    note,
    observe: (readings, soon) => {
      suspects.note(readings);
      const decisive = readings.filter(({ metric }) => !shownOnly.has(metric));
      if (decisive.length > 0) loop.observe(decisive, soon);
      note(readings);
    },
  };
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
    env: plain(env),
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

/** What whoever runs the daemon wants to hear from it, not from what it runs. */
const ofDaemon = /^(NOTIFY_SOCKET|WATCHDOG_USEC|WATCHDOG_PID)$/;

function plain(env: DaemonOptions["env"]): Readonly<Record<string, string>> {
  const pairs = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !ofDaemon.test(pair[0]),
  );
  return Object.fromEntries(pairs);
}
