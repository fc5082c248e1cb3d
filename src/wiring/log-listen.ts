// Who listens to the logs of services: what their instances write, and files that the config names.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Target } from "../model/target.ts";
import { type Chatty, chatty } from "../platforms/log/chatty.ts";
import { type Tail, tailFile } from "../platforms/log/tail.ts";
import { createEar, type Ear, type Kept, type Stream } from "../sources/log/ear.ts";
import type { ResolvedTemplates } from "./resolve-logs.ts";
import type { ResolvedLogFile } from "./resolve-sources.ts";

/** What hears the lines of one log file. */
export interface Listener {
  /** Whether the next line is looked at; one that is not has been counted. */
  passes(isLive: boolean): boolean;
  line(text: string, isLive: boolean): void;
}

export interface Listening {
  /** Of an instance; undefined when nobody listens to its service. */
  listenerOf(service: string): Listener | undefined;
  readonly ears: ReadonlyMap<Target, Ear>;
  /** Looks at the files of others; what cannot be read is told once. */
  look(): void;
  /** Writes down what is known when it has changed; at the end whatever it is. */
  save(isLast: boolean): void;
  close(): void;
}

export interface ListenOptions {
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: readonly ResolvedLogFile[];
  readonly settingsOf: (service: string) => ResolvedTemplates;
  /** Whether the config still has it: what is known of others is given up. */
  readonly isKnown: (service: string) => boolean;
}

/** All services together; a line of a known kind costs about 0.002 ms, a new one twenty times that. */
const allRate = 20_000;
const newMax = 100;
const saveMs = 60_000;
/** Of one file, in one look. */
const lookBytes = 1_048_576;
/** Services whose templates are kept, and the largest file of them. */
const servicesMax = 1_000;
const fileBytesMax = 64 * 1_048_576;
const stateFile = "log-templates.json";
const version = 1;

export function listenToLogs(options: ListenOptions): Listening {
  const { stateFolder, clock, log, files, settingsOf, isKnown } = options;
  const path = join(stateFolder, stateFile);
  const kept = readKept(path, log);
  const together = chatty(allRate, clock.now);
  const ears = new Map<Target, Ear>();
  const limits = new Map<Target, Chatty>();
  let [savedAt, written] = [clock.now(), 0];

  const listen = (service: Target): Listener | undefined => {
    const settings = settingsOf(service);
    if (!settings.on) return undefined;
    const ear = ears.get(service) ?? createEar({ ...settings, newMax }, kept.get(service));
    ears.set(service, ear);
    const limit = limits.get(service) ?? chatty(settings.rate, clock.now);
    limits.set(service, limit);
    return listenerOf(ear, ear.open(), [limit, together]);
  };
  const changes = (): number => [...ears.values()].reduce((sum, it) => sum + it.changes, 0);
  const isLearning = (): boolean => [...ears.values()].some((it) => it.isLearning);
  const tails = files.flatMap(({ file, service }) => {
    const listener = listen(service);
    return listener ? [{ file, service, tail: tailOf(file, listener), trouble: "" }] : [];
  });
  let trouble = "";
  return {
    ears,
    listenerOf: listen,
    look: () => {
      for (const one of tails) {
        const said = attempt(() => one.tail.look(lookBytes));
        const { file, service } = one;
        if (said !== "" && said !== one.trouble)
          log.warn("a log is not read", { file, service, said });
        if (said === "" && one.trouble !== "") log.info("a log is read again", { file, service });
        one.trouble = said;
      }
    },
    save: (isLast) => {
      const now = clock.now();
      if (ears.size === 0 || (!isLast && now - savedAt < saveMs)) return;
      savedAt = now;
      if (!isLast && written === changes() && !isLearning()) return;
      written = changes();
      const all = new Map<string, Kept>([...kept].filter(([name]) => isKnown(name)));
      for (const [name, ear] of ears) all.set(name, ear.keep());
      const said = attempt(() => writeKept(stateFolder, path, all));
      if (said !== "" && said !== trouble)
        log.error("the kinds of log lines are not kept", { said });
      trouble = said;
    },
    close: () => {
      for (const { tail } of tails) tail.close();
    },
  };
}

function listenerOf(ear: Ear, stream: Stream, limits: readonly Chatty[]): Listener {
  return {
    passes: (isLive) => {
      if (!isLive || limits.every((limit) => limit.pass())) return true;
      ear.cut(1);
      return false;
    },
    line: (text, isLive) => stream.line(text, isLive),
  };
}

function tailOf(file: string, listener: Listener): Tail {
  const line = (text: string): void => listener.line(text, true);
  return tailFile(file, line, () => listener.passes(true));
}

/** The reason when it failed. */
function attempt(work: () => void): string {
  try {
    work();
    return "";
  } catch (error) {
    return messageOf(error);
  }
}

function writeKept(folder: string, path: string, all: ReadonlyMap<string, Kept>): void {
  const services = Object.fromEntries([...all].slice(0, servicesMax));
  mkdirSync(folder, { recursive: true });
  const aside = `${path}.new`;
  writeFileSync(aside, JSON.stringify({ version, services }), { mode: 0o640 });
  renameSync(aside, path);
}

/** A file that is of another hand or another version: all is learnt anew, and that is said. */
function readKept(path: string, log: Log): ReadonlyMap<string, Kept> {
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return new Map();
    if (size > fileBytesMax) throw new Error(`it has ${size} bytes`);
    const value = JSON.parse(readFileSync(path, "utf8")) as {
      version?: unknown;
      services?: unknown;
    };
    if (value.version !== version) throw new Error(`its version is ${String(value.version)}`);
    return new Map(Object.entries(value.services as Record<string, unknown>).map(keptOf));
  } catch (error) {
    const why = messageOf(error);
    log.warn("what is known of log lines cannot be read: it is learnt anew", { file: path, why });
    return new Map();
  }
}

function keptOf([name, value]: readonly [string, unknown]): readonly [string, Kept] {
  const { heardMs, templates } = value as Kept;
  const isSound =
    Number.isFinite(heardMs) &&
    templates.every(
      ([severity, count, text]) =>
        typeof severity === "string" && Number.isFinite(count) && typeof text === "string",
    );
  if (!isSound) throw new Error(`what it says of ${name} is not whole`);
  return [name, { heardMs, templates }];
}
