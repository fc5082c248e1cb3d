// The one place where readings go into the recorded past; whatever becomes of its file, the daemon goes on.
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Reading } from "../model/reading.ts";
import { seriesFile } from "../stores/series/series-file.ts";
import type { SeriesStats, SeriesStore } from "../stores/series/series-store.ts";
import { significant } from "../stores/series/significant.ts";
import { sqliteSeries } from "../stores/series/sqlite-series.ts";
import type { DaemonOptions } from "./options.ts";
import type { ResolvedSeries } from "./resolve-series.ts";

export interface SeriesKeeper {
  note(readings: readonly Reading[]): void;
  /** Called once a second. */
  beat(): void;
  /** Undefined while nothing is recorded. */
  stats(): SeriesStats | undefined;
}

export interface SeriesKeeperOptions {
  /** Undefined: nothing is recorded. */
  readonly series: ResolvedSeries | undefined;
  readonly stateFolder: string;
  readonly project: string;
  /** Loop time, in which readings tell their moments. */
  readonly clock: Clock;
  readonly log: Log;
  readonly stopped: AbortSignal;
}

/** More of a value is noise of floats, and takes three times the room. */
const digits = 6;
/** The wall clock is set by so little all the time: times stay regular. */
const slackMs = 100;
const beatsPerTry = 60;
/** Handfuls of readings before the file is open, which it is within a second. */
const waitingMax = 64;

const none: SeriesKeeper = { note: () => {}, beat: () => {}, stats: () => undefined };

interface Keeper {
  readonly options: SeriesKeeperOptions;
  store: SeriesStore | undefined;
  waiting: (readonly Reading[])[];
  /** From loop time to the wall's. */
  offsetMs: number;
  beats: number;
  failed: boolean;
  readonly told: Set<string>;
}

export function keepSeries(options: SeriesKeeperOptions): SeriesKeeper {
  if (!options.series) return none;
  const { clock, stopped } = options;
  const keeper: Keeper = {
    ...{ options, store: undefined, waiting: [], beats: 0, failed: false, told: new Set() },
    offsetMs: clock.wall() - clock.now(),
  };
  stopped.addEventListener("abort", () => end(keeper), { once: true });
  return {
    note: (readings) => {
      if (keeper.store) put(keeper, readings);
      else if (keeper.waiting.length < waitingMax) keeper.waiting.push(readings);
    },
    beat: () => {
      if (!stopped.aborted) beat(keeper);
    },
    stats: () => keeper.store?.stats(),
  };
}

/** What a daemon measures is recorded, as its config says. */
export function recordSeries(
  { resolved, stateFolder, log }: DaemonOptions,
  clock: Clock,
  stopped: AbortSignal,
): SeriesKeeper {
  const { series, policy } = resolved;
  return keepSeries({ series, stateFolder, project: policy.project, clock, log, stopped });
}

function put(keeper: Keeper, readings: readonly Reading[]): void {
  const { store, offsetMs } = keeper;
  if (!store) return;
  for (const it of readings) {
    const id = store.idOf(it);
    if (id === undefined) tellFull(keeper, it);
    else store.append(id, it.atMs + offsetMs, significant(it.value, digits));
  }
}

function beat(keeper: Keeper): void {
  const { clock } = keeper.options;
  const offsetMs = clock.wall() - clock.now();
  if (Math.abs(offsetMs - keeper.offsetMs) > slackMs) keeper.offsetMs = offsetMs;
  const { store, beats } = keeper;
  keeper.beats += 1;
  if (!store) {
    if (beats % beatsPerTry === 0) open(keeper);
    return;
  }
  // What failed is tried again after a minute, so that a full disk has time to be emptied.
  if (keeper.failed && beats % beatsPerTry !== 0) return;
  try {
    store.beat(clock.wall());
    if (keeper.failed) keeper.options.log.info("the past of the series is written again");
    keeper.failed = false;
  } catch (error) {
    fail(keeper, error);
  }
  if (beats % beatsPerTry === 0) tellLosses(keeper, store.stats());
}

/** A file that cannot be trusted stands aside for a fresh one. */
function open(keeper: Keeper): void {
  try {
    openFile(keeper);
  } catch (error) {
    if (!isBadFile(error)) {
      fail(keeper, error);
      return;
    }
    setAside(keeper, error);
    try {
      openFile(keeper);
    } catch (again) {
      fail(keeper, again);
    }
  }
}

function openFile(keeper: Keeper): void {
  const { series, stateFolder: folder, project, clock } = keeper.options;
  keeper.store = sqliteSeries({ ...series, folder, project, nowMs: clock.wall() });
  keeper.failed = false;
  for (const readings of keeper.waiting) put(keeper, readings);
  keeper.waiting = [];
}

function isBadFile(error: unknown): boolean {
  const bad = ["JOURNAL_CORRUPT", "JOURNAL_NEWER"];
  return error instanceof HomeostatError && bad.includes(error.code);
}

/** One is kept, for whoever wants to know what became of it. */
function setAside({ options }: Keeper, error: unknown): void {
  const { stateFolder, log, clock } = options;
  const aside = `${seriesFile}.bad-${Math.round(clock.wall())}`;
  log.error("the past of the series cannot be read: a new file is begun beside it", {
    reason: messageOf(error),
    kept: join(stateFolder, aside),
  });
  for (const name of readdirSync(stateFolder)) {
    if (name.startsWith(`${seriesFile}.bad-`)) rmSync(join(stateFolder, name), { force: true });
  }
  for (const ending of ["", "-wal", "-shm"]) {
    const path = join(stateFolder, seriesFile + ending);
    if (existsSync(path)) renameSync(path, join(stateFolder, aside + ending));
  }
}

function fail(keeper: Keeper, error: unknown): void {
  if (keeper.store && isBadFile(error)) {
    const { store } = keeper;
    keeper.store = undefined;
    try {
      store.close();
    } catch {
      // It is the damaged one, of which nothing more is asked.
    }
    open(keeper);
    return;
  }
  if (!keeper.store) keeper.waiting = [];
  if (!keeper.failed) {
    const reason = messageOf(error);
    keeper.options.log.error("the past of the series is not written now", { reason });
  }
  keeper.failed = true;
}

function tellFull({ options, told }: Keeper, { target, metric }: Reading): void {
  if (told.has("refused")) return;
  told.add("refused");
  const most = options.series?.max ?? 0;
  options.log.warn(
    `no room for more series: ${most} are recorded, as series.max says; others are left out`,
    { first: `${target} ${metric}` },
  );
}

const meanings = {
  late: "points that came after their time was written",
  early: "points of more than a minute ahead",
  crowded: "points of series that have more than are kept until they are written",
  notFinite: "values that are no finite numbers",
} as const;

function tellLosses({ options, told }: Keeper, { losses, damaged }: SeriesStats): void {
  for (const [loss, what] of Object.entries(meanings)) {
    const count = losses[loss as keyof typeof meanings];
    if (count === 0 || told.has(loss)) continue;
    told.add(loss);
    options.log.warn(`not recorded: ${what}`, { count });
  }
  if (damaged === 0 || told.has("damaged")) return;
  told.add("damaged");
  options.log.warn("pieces of the past of the series are damaged and left out", { damaged });
}

function end(keeper: Keeper): void {
  const { store } = keeper;
  keeper.store = undefined;
  keeper.waiting = [];
  try {
    store?.close();
  } catch (error) {
    fail(keeper, error);
  }
}
