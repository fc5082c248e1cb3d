// The logs of a project: kept by the daemon, forwarded where the config says, read by all faces.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { type Clock, every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { type Freeing, freeingIn } from "../platforms/log/free.ts";
import { type Keeping, keepLogs } from "../platforms/log/keeper.ts";
import { onGrid } from "./grid.ts";
import { createForwarder } from "./log-forward.ts";
import { type Listener, type Listening, listenToLogs } from "./log-listen.ts";
import { sinkOf } from "./log-sinks.ts";
import type { ResolvedLogs } from "./resolve-logs.ts";
import type { ResolvedLogFile } from "./resolve-sources.ts";

export { type Archive, archivesOf } from "../platforms/log/archives.ts";
export { type Chatty, chatty, cutText } from "../platforms/log/chatty.ts";
export {
  cutLines,
  type Grouper,
  groupLines,
  type LineCutter,
  type LogLine,
} from "../platforms/log/lines.ts";
export {
  type LogState,
  lastLinesFrom,
  readArchive,
  readAt,
  stateOf,
} from "../platforms/log/read.ts";
export { type Mark, offsetAt, readMarks, timeAt } from "../platforms/log/times.ts";

export interface Logs {
  /** What the lines of services are heard by. */
  readonly listening: Listening;
  /** Takes what was written last, and lets go of files and sockets. */
  close(): Promise<void>;
}

export interface LogsOptions {
  readonly stateFolder: string;
  readonly logs: ResolvedLogs;
  /** Logs of others. */
  readonly files: readonly ResolvedLogFile[];
  /** Whether the config has this service. */
  readonly isKnown: (service: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stdout?: Writable;
}

const closeMs = 2_000;
/** What runs is taken over first: to find out how files can be freed a program is run. */
const quietMs = 500;
const listenMs = 1_000;

/** Runs beside the loop; what goes wrong here is told and keeps nothing else from running. */
export function lookAfterLogs(options: LogsOptions): Logs {
  const { stateFolder, logs, clock, log } = options;
  const folder = join(stateFolder, "logs");
  mkdirSync(folder, { recursive: true });
  const closed = new AbortController();
  const { signal } = closed;
  const keepingOf = (name: string): Keeping => {
    const { service } = partsOf(name);
    const { sizeBytes, ageMs, keep, totalBytes } = logs.services[service] ?? logs.usual;
    return { sizeBytes, ageMs, keep, total: { of: service, bytes: totalBytes } };
  };
  const { totalBytes } = logs;
  const { sleep: rest } = onGrid(clock, clock);
  const keep = (): Promise<void> =>
    keepLogs({ folder, clock, log, keepingOf, totalBytes, rest }, signal).catch(
      (error: unknown) => {
        log.error("the logs are not looked after", { reason: messageOf(error) });
      },
    );
  const keeping = clock.sleep(quietMs, signal).then(keep, () => {});
  const sinks = logs.forward.flatMap((forward) => sinkOf(forward, options) ?? []);
  const listening = listenToLogs({
    ...options,
    settingsOf: (service) => (logs.services[service] ?? logs.usual).templates,
  });
  const listenerOf = (name: string): Listener | undefined => {
    const { service } = partsOf(name);
    return logs.services[service] ? listening.listenerOf(service) : undefined;
  };
  const forwarding = createForwarder({
    ...{ folder, clock, log, sinks, listenerOf, sourceOf: (name) => sourceOf(name, logs) },
    ...(sinks.length === 0 ? { rest } : {}),
  });
  const run = forwarding.run(signal);
  const hearing = every({ ...clock, sleep: rest }, listenMs, signal, () => {
    listening.look();
    listening.save(false);
  });
  return {
    listening,
    close: async () => {
      closed.abort();
      await Promise.all([run, hearing]);
      listening.save(true);
      listening.close();
      await Promise.all([keeping, ...sinks.map((sink) => sink.close(closeMs))]);
      for (const { name, dropped } of sinks) {
        if (dropped > 0) log.warn("lines were not forwarded", { to: name, dropped });
      }
    },
  };
}

/** How the logs of a folder are rotated, in words; tried out where they will lie. */
export async function waysOfLogs(
  folder: string,
  { usual, totalBytes }: ResolvedLogs,
): Promise<string> {
  const { punch, why } = await freeingIn(folder).catch(
    (error: unknown): Freeing => ({ punch: false, collapse: false, why: messageOf(error) }),
  );
  const size = (bytes: number): string => `${Math.round(bytes / 100_000) / 10} MB`;
  const bounds = `rotated at ${size(usual.sizeBytes)}, ${usual.keep} archives each, ${size(totalBytes)} in all`;
  if (punch) return `${bounds}; space is freed in place, no line is lost`;
  return `${bounds}; copied and cut, which may lose lines of some microseconds, because in-place freeing does not work here: ${why ?? ""}`;
}

/** "web-1.log" is of instance 1 of web; "gateway.log" of no service. */
export function partsOf(name: string): { readonly service: string; readonly instance: string } {
  const [, service = "", instance = ""] = /^(.*?)(?:-(\d+))?\.log$/.exec(name) ?? [];
  return { service, instance };
}

/** What the processes of Homeostat say themselves is not forwarded. */
function sourceOf(
  name: string,
  logs: ResolvedLogs,
): { readonly service: string; readonly instance: string; readonly rate: number } | undefined {
  const parts = partsOf(name);
  const settings = logs.services[parts.service];
  return settings?.forward ? { ...parts, rate: settings.rate } : undefined;
}
