// Finds the newest state that is whole, young enough and works, and sets aside what is not.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Severity } from "../parts/bus.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { within } from "../parts/within.ts";
import { fault } from "./fault.ts";
import type { CheckpointsSettings, CheckpointTold, Stateful } from "./options.ts";
import type { Head, Shelf } from "./shelf.ts";

/** Milliseconds for migrating, restoring and checking one state. */
const restoreMs = 30_000;

export type Tell = (
  what: "restored" | "set_aside" | "failed",
  severity: Severity,
  told: Omit<CheckpointTold, "name">,
) => void;

export interface RestoreOptions extends Surroundings, CheckpointsSettings {
  readonly name: string;
  readonly shelf: Shelf;
  readonly tell: Tell;
}

export interface Restored {
  readonly restored: number | undefined;
  readonly proven: number | undefined;
}

export async function restoreNewest<State>(
  state: Stateful<State>,
  options: RestoreOptions,
): Promise<Restored> {
  const { shelf, clock, log, name, tell } = options;
  const proven = count(options);
  for (const number of shelf.numbers()) {
    const file = shelf.fileOf(number);
    const read = tried(() => shelf.read(number));
    if ("error" in read) {
      setAside(options, number, "damaged", messageOf(read.error));
      continue;
    }
    const { head } = read.value;
    const ageMs = Math.max(0, clock.wall() - head.at);
    const { maxAgeMs = Number.POSITIVE_INFINITY, version = 1 } = state;
    if (ageMs > maxAgeMs) {
      log.warn(`checkpoint of ${name}: ${number} is too old and left alone`, { file, ageMs });
      break;
    }
    // It stays for the newer version, to which somebody may go back.
    if (head.version > version) {
      log.warn(`checkpoint of ${name}: ${number} was saved by a newer version`, { file });
      continue;
    }
    const why = await refusal(state, head, read.value.state, clock);
    if (why === undefined) {
      tell("restored", "info", { file, ageMs });
      return { restored: number, proven };
    }
    setAside(options, number, "refused", why);
  }
  log.info(`checkpoint of ${name}: nothing to restore`);
  return { restored: undefined, proven };
}

/**
 * Counts this start. When too many before it died young, what they may have died of is set aside: all
 * that is newer than what is proven, or that itself when nothing is newer. Never the last one: what
 * else they may have died of would cost the whole state.
 */
function count(options: RestoreOptions): number | undefined {
  const { shelf, deathsMax } = options;
  let { proven, starts } = shelf.readLedger();
  const numbers = shelf.numbers();
  if (starts >= deathsMax && numbers.length > 1) {
    const newer = numbers.filter((number) => number > (proven ?? 0));
    const kept = numbers.filter((number) => number <= (proven ?? 0));
    // With nothing proven the newest is the suspect, and only it.
    const suspects = newer.length > 0 && kept.length > 0 ? newer : numbers.slice(0, 1);
    const why = `${starts} processes died within ${options.provenMs} ms of their start`;
    for (const number of suspects) setAside(options, number, "refused", why);
    if (proven !== undefined && suspects.includes(proven)) proven = undefined;
    starts = 0;
  }
  shelf.writeLedger({ ...(proven !== undefined && { proven }), starts: starts + 1 });
  return proven;
}

/** Why it is not taken; undefined when it is, and is in force. */
async function refusal<State>(
  state: Stateful<State>,
  { version: from }: Head,
  text: string,
  clock: Clock,
): Promise<string | undefined> {
  const { version = 1, migrate } = state;
  const take = async (): Promise<string | undefined> => {
    const saved: unknown = JSON.parse(text);
    if (from < version && !migrate) return `it has version ${from}, and nothing migrates it`;
    const taken = from < version && migrate ? await migrate(saved, from) : (saved as State);
    await state.restore(taken);
    return fault(state, taken);
  };
  try {
    const late = `it was not restored within ${restoreMs} ms`;
    return await within({ clock, ms: restoreMs }, take, () => new Error(late));
  } catch (error) {
    return messageOf(error);
  }
}

function setAside(
  { shelf, tell }: RestoreOptions,
  number: number,
  how: "damaged" | "refused",
  why: string,
): void {
  shelf.setAside(number, how);
  tell("set_aside", "warning", { file: `${shelf.fileOf(number)}.${how}`, why });
}

function tried<Value>(work: () => Value): { readonly value: Value } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}
