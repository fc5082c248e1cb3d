// The registered checks by name, each with the beat that it is looked at in.
import { HomeostatError } from "../../kernel/errors.ts";
import { once } from "./changes.ts";
import type { Known } from "./judge.ts";
import type { AnyCheck } from "./run.ts";
import { checkName, mostChecks, type RegisterOptions, type Settings, settle } from "./settings.ts";
import { isWell } from "./state.ts";
import type { Ticker } from "./ticker.ts";
import { type Around, type Watched, watch } from "./watch.ts";

/** A check under watch, when it is looked at next, and whether it ever was well. */
export interface Entry {
  readonly watched: Watched;
  everWell: boolean;
  unschedule: () => void;
}

export interface Roster {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly started: boolean;
  find(name: string): Watched | undefined;
  /** `joined` hears of the entry when it is in. */
  add(
    name: string,
    check: AnyCheck,
    options: RegisterOptions,
    joined: (entry: Entry) => void,
  ): Disposable;
}

export type RosterOptions = Omit<Around, "find">;

export function createRoster(options: RosterOptions): Roster {
  const entries = new Map<string, Entry>();
  let started = false;
  const find = (name: string): Watched | undefined => entries.get(name)?.watched;

  const looked = (watched: Watched, before: Known): void => {
    const entry = entries.get(watched.name);
    if (entry?.watched !== watched) return;
    entry.everWell ||= isWell(watched.known.status);
    started ||= [...entries.values()].every(hasStarted);
    options.looked(watched, before);
  };

  const add: Roster["add"] = (name, check, given, joined) => {
    const settings = admitted(name, check, given, entries);
    const watched = watch(name, check, settings, { ...options, find, looked });
    const entry = { watched, everWell: false, unschedule: () => {} };
    entries.set(name, entry);
    joined(entry);
    return once(() => {
      entries.delete(name);
      entry.unschedule();
      watched.cancel();
      if (isDisposable(check)) check[Symbol.dispose]();
    });
  };

  return {
    entries,
    get started() {
      return started;
    },
    find,
    add,
  };
}

/** Looks at `entry` after `ms` and then in its beat: what was missed is left out, never caught up. */
export function schedule(ticker: Ticker, entry: Entry, ms: number): void {
  const { intervalMs } = entry.watched.settings;
  entry.unschedule = ticker.after(ms, (lateMs) => {
    schedule(ticker, entry, intervalMs - (lateMs % intervalMs));
    void entry.watched.look();
  });
}

function hasStarted({ watched, everWell }: Entry): boolean {
  const { critical, kinds } = watched.settings;
  return everWell || !critical || !kinds.includes("startup");
}

function admitted(
  name: string,
  check: AnyCheck,
  given: RegisterOptions,
  entries: ReadonlyMap<string, Entry>,
): Settings {
  checkName(name);
  const settings = settle(name, given);
  if (typeof check !== "function") refuse(`health check "${name}" is not a function`);
  if (entries.has(name)) refuse(`there is a health check "${name}" already`);
  if (entries.size >= mostChecks) refuse(`there are ${mostChecks} health checks already`);
  const absent = settings.dependsOn.find((other) => !entries.has(other));
  if (absent === undefined) return settings;
  refuse(`health check "${name}" depends on "${absent}": register that one first`);
}

function refuse(message: string): never {
  throw new HomeostatError("OPTION_INVALID", message);
}

function isDisposable(check: AnyCheck): check is AnyCheck & Disposable {
  return Symbol.dispose in check;
}
