// The daemon: parts are put together, take over what runs, and look after it until told to stop.
import { existsSync } from "node:fs";
import type { Server } from "node:http";
import { every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Target } from "../model/target.ts";
import type { SourceView } from "../protocol/sources.ts";
import { createApi, listen } from "../server/api.ts";
import { appLinkSource } from "../sources/app-link.ts";
import { diskSource } from "../sources/disk.ts";
import { gatewaySource } from "../sources/gateway.ts";
import { processSource } from "../sources/process.ts";
import { assemble, type Parts } from "./assemble.ts";
import { createBackend, type RunningBackend } from "./backend.ts";
import { lastLines } from "./capture.ts";
import { undoFile } from "./drill-file.ts";
import { createDrills, type Drills } from "./drills.ts";
import { hostEyes, logEyes } from "./eyes.ts";
import { onGrid } from "./grid.ts";
import { begin, ending } from "./lifecycle.ts";
import { type Logs, lookAfterLogs } from "./logs.ts";
import { createDaemonMetrics } from "./metrics.ts";
import { createOperator } from "./operator.ts";
import type { DaemonOptions } from "./options.ts";
import { measureRestarts } from "./restart-costs.ts";
import { upgrade } from "./upgrade.ts";

export interface Daemon {
  readonly url: string;
  /** Resolves when the daemon was told to stop and everything it ran has ended. */
  readonly over: Promise<void>;
  stop(by: string): void;
}

const figuresMs = 1_000;
const beatMs = 1_000;
const roomMs = 2_000;
const configPollMs = 500;
const sweepMs = 5_000;
const answerMs = 50;

/**
 * @throws DAEMON_RUNNING, JOURNAL_CORRUPT, JOURNAL_NEWER, or CONFIG_INVALID for a taken port; then
 * nothing was started.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { dashboard } = options.resolved;
  const stopped = new AbortController();
  const parts = assemble(options, stopped.signal);
  const logs = makeLogs(options);
  let foreign: () => readonly SourceView[] = () => [];
  const { over, finish, isEnding } = ending({ ...parts, logs, options, stopped });
  const operator = createOperator(parts.loop, parts.supervisor);
  const drills = createDrills({ ...parts, ...options, project: options.stateFolder });
  const backend = createBackend({
    ...parts,
    operator,
    drills,
    nextRuns: parts.supervisor.nextRuns,
    resolved: options.resolved,
    version: options.version,
    lastLines,
    // The answer leaves first: the server ends with the daemon.
    down: (by) => finish(by, answerMs),
    pss: () => pssOf(parts),
    sources: () => foreign(),
    upgrade: (...asked) =>
      upgrade({ ...parts, ...options, logs, stopped, isEnding, orders: backend.orders }, ...asked),
  });
  const metrics = createDaemonMetrics({
    loop: parts.loop,
    rest: onGrid(options.clock, options.clock).sleep,
    state: backend.api.state,
    stats: () => parts.gateway.stats(),
    sources: () => foreign(),
    stateFolder: options.stateFolder,
    version: options.version,
  });
  // Before anybody can ask: how services ended meanwhile is known when the loop begins.
  await parts.spawner.look();
  const { kuma } = options.resolved;
  const api = {
    ...{ ...dashboard, dashboard: options.dashboard, backend: backend.api },
    metrics: metrics.text,
    ...(kuma ? { kuma: { token: kuma.token, hear: parts.outside.hear } } : {}),
  };
  const server = await listen(createApi(api), api).catch((error: unknown) => {
    parts.spawner.leave();
    parts.store.close();
    void logs.close();
    throw error;
  });
  void over.finally(() => closeServer(server)).catch(() => {});
  // Nobody connects before this turn is over, and by then is known who runs.
  void parts.apps.link.open();
  const { served } = await begin({ ...parts, options, stopped: stopped.signal });
  parts.channels.run(operator, stopped.signal);
  openEyes(parts, logs, options, stopped.signal);
  parts.outside.watch(stopped.signal);
  void metrics.watch(stopped.signal);
  keepTime({ ...parts, drills }, backend, options, stopped.signal);
  foreign = await hearForeign(parts, logs, options, stopped.signal);
  // The loop turns meanwhile: who falls ill is not kept waiting for a gateway that is slow to come.
  await served;
  // An IPv6 address stands in brackets in a URL.
  const host = dashboard.host.includes(":") ? `[${dashboard.host}]` : dashboard.host;
  return { url: `http://${host}:${dashboard.port}`, over, stop: finish };
}

/** They are looked after from the first line on, and until all that writes has ended. */
function makeLogs({ resolved, ...options }: DaemonOptions): Logs {
  const { logs, sources, policy } = resolved;
  const isKnown = (service: string): boolean => service in policy.services;
  return lookAfterLogs({ ...options, logs, files: sources.logs, isKnown });
}

/** Bytes of each instance that runs. */
function pssOf({ supervisor, platform }: Parts): Readonly<Record<Target, number>> {
  const all = supervisor.running().flatMap(({ target, identity }) => {
    const bytes = platform.pss(identity);
    return bytes === undefined ? [] : [[target, bytes] as const];
  });
  return Object.fromEntries(all);
}

function openEyes(
  parts: Parts,
  { listening }: Logs,
  { clock: under, log, stateFolder, resolved }: DaemonOptions,
  signal: AbortSignal,
): void {
  const { supervisor, platform, gateway, apps, loop, observe } = parts;
  const clock = onGrid(loop.clock, under);
  const { figures } = platform;
  const costs = measureRestarts({ clock: loop.clock, loop, figures, stats: gateway.stats });
  const sources = [
    processSource({
      instances: supervisor.running,
      figures: platform.figures,
      intervalMs: figuresMs,
    }),
    gatewaySource({ stats: costs.stats, intervalMs: figuresMs }),
    appLinkSource({ reports: apps.link.fresh, intervalMs: figuresMs }),
    diskSource({ room: parts.room, intervalMs: roomMs }),
    logEyes(listening, loop, resolved.logs),
    hostEyes(stateFolder, resolved, signal),
  ];
  for (const source of sources) {
    source.start({ signal, clock, log, emit: observe }).catch((error: unknown) => {
      log.error("a source ended", { source: source.name, reason: messageOf(error) });
    });
  }
}

/** Read when the config has any: most do not. */
async function hearForeign(
  { loop, note, observe }: Parts,
  { listening }: Logs,
  { resolved, log }: DaemonOptions,
  signal: AbortSignal,
): Promise<() => readonly SourceView[]> {
  const { otlp, remoteWrite, alertmanager, prometheus } = resolved.sources;
  if (!otlp && !remoteWrite && !alertmanager && prometheus.length === 0) return () => [];
  const { startForeign } = await import("./sources.ts");
  const { clock } = loop;
  const { listenerOf } = listening;
  return startForeign({ resolved, clock, log, signal, note, observe, listenerOf });
}

function keepTime(
  parts: Parts & { readonly drills: Drills },
  backend: RunningBackend,
  { stateFolder, log, ...options }: DaemonOptions,
  signal: AbortSignal,
): void {
  const { loop, files, supervisor, history, series } = parts;
  const clock = onGrid(loop.clock, options.clock);
  void loop.run(signal);
  void every(clock, configPollMs, signal, () => files.check());
  let sweeps = true;
  void every(clock, sweepMs, signal, () => {
    try {
      supervisor.sweep();
      sweeps = true;
    } catch (error) {
      // No descriptor left, say: the next one may be luckier.
      if (sweeps)
        log.error("what belongs to nobody is not looked for", { reason: messageOf(error) });
      sweeps = false;
    }
  });
  void every(clock, beatMs, signal, async () => {
    if (!existsSync(undoFile(stateFolder))) return;
    const { undoLeft } = await import("./drill-undo.ts");
    if (await undoLeft(stateFolder, loop.clock, log)) parts.drills.cutOff();
  });
  void every(clock, beatMs, signal, () => {
    history.beat(loop.mind, clock.now());
    series.beat();
    backend.beat();
  });
}

function closeServer(server: Server): void {
  server.close();
  server.closeAllConnections();
}
